#pragma once
#include <napi.h>

#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

/** Reads values of JavaScript's. Where one is of another kind, `refuse` is told which was expected ("a number"), and throws. */
namespace retroplume {

/** The kind of array that holds numbers of type T, and what a message calls it. */
struct ArrayKind {
  napi_typedarray_type type;
  const char* name;
};

template <class T>
constexpr ArrayKind arrayKind() {
  if constexpr (std::is_same_v<T, float>) return {napi_float32_array, "a Float32Array"};
  if constexpr (std::is_same_v<T, double>) return {napi_float64_array, "a Float64Array"};
  if constexpr (std::is_same_v<T, int32_t>) return {napi_int32_array, "an Int32Array"};
  if constexpr (std::is_same_v<T, uint16_t>) return {napi_uint16_array, "a Uint16Array"};
  if constexpr (std::is_same_v<T, uint8_t>) return {napi_uint8_array, "a Uint8Array"};
}

template <class T>
bool isArrayOf(const Napi::Value& value) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == arrayKind<T>().type;
}

template <class T, class Refuse>
Napi::TypedArrayOf<T> readArray(const Napi::Value& value, Refuse refuse) {
  if (!isArrayOf<T>(value)) refuse(arrayKind<T>().name);
  return value.As<Napi::TypedArrayOf<T>>();
}

/** A Float32Array or a Float64Array. */
template <class Refuse>
Napi::TypedArray readFloats(const Napi::Value& value, Refuse refuse) {
  if (!isArrayOf<float>(value) && !isArrayOf<double>(value)) refuse("a Float32Array or Float64Array");
  return value.As<Napi::TypedArray>();
}

template <class Refuse>
double readNumber(const Napi::Value& value, Refuse refuse) {
  if (!value.IsNumber()) refuse("a number");
  return value.As<Napi::Number>().DoubleValue();
}

template <class Refuse>
std::string readText(const Napi::Value& value, Refuse refuse) {
  if (!value.IsString()) refuse("a string");
  return value.As<Napi::String>().Utf8Value();
}

/** Where the elements begin. */
inline char* dataOf(const Napi::TypedArray& array) { return static_cast<char*>(array.ArrayBuffer().Data()) + array.ByteOffset(); }

/** A copy in JavaScript's memory. */
template <class T>
Napi::TypedArrayOf<T> toArray(Napi::Env env, const std::vector<T>& values) {
  auto array = Napi::TypedArrayOf<T>::New(env, values.size());
  std::copy(values.begin(), values.end(), array.Data());
  return array;
}

inline Napi::Array toArray(Napi::Env env, const std::vector<std::string>& texts) {
  Napi::Array array = Napi::Array::New(env, texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) array.Set(static_cast<uint32_t>(i), texts[i]);
  return array;
}

}  // namespace retroplume

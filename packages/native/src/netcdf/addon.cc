// The N-API layer over Dataset: it turns values over and nothing else. Meaning is checked in netcdf.ts; here only what memory
// safety needs (types, byte lengths, counts). Node checks that a method's `this` is a Dataset; a closed one raises NC_EBADID.
#include <napi.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>

#include "dataset.h"
#include "napi/arguments.h"
#include "napi/errors.h"

namespace retroplume {

Napi::Error toJavaScript(Napi::Env env, const std::exception& error) {
  const auto* known = dynamic_cast<const netcdf::NetcdfError*>(&error);
  if (known == nullptr) return Napi::Error::New(env, error.what());
  Napi::Error js = codedError(env, known->code(), known->what());
  js.Set("path", Napi::String::New(env, known->path));
  js.Set("status", Napi::Number::New(env, known->status));
  return js;
}

namespace {

using netcdf::Attribute;
using netcdf::Dataset;
using netcdf::NetcdfError;
using netcdf::sizeOf;
using netcdf::Storage;

constexpr struct {
  const char* name;
  nc_type type;
} kTypes[] = {{"byte", NC_BYTE},   {"char", NC_CHAR},     {"short", NC_SHORT}, {"int", NC_INT},     {"float", NC_FLOAT},   {"double", NC_DOUBLE},
              {"ubyte", NC_UBYTE}, {"ushort", NC_USHORT}, {"uint", NC_UINT},   {"int64", NC_INT64}, {"uint64", NC_UINT64}, {"string", NC_STRING}};

std::string typeName(nc_type type) {
  for (const auto& entry : kTypes) {
    if (entry.type == type) return entry.name;
  }
  return "user-defined";
}

nc_type typeOf(Napi::Env env, const std::string& name) {
  for (const auto& entry : kTypes) {
    if (name == entry.name) return entry.type;
  }
  throw Napi::TypeError::New(env, "netcdf: unknown type \"" + name + "\"");
}

nc_type typeOf(const Napi::TypedArray& array) {
  switch (array.TypedArrayType()) {
    case napi_int8_array:
      return NC_BYTE;
    case napi_uint8_array:
    case napi_uint8_clamped_array:
      return NC_UBYTE;
    case napi_int16_array:
      return NC_SHORT;
    case napi_uint16_array:
      return NC_USHORT;
    case napi_int32_array:
      return NC_INT;
    case napi_uint32_array:
      return NC_UINT;
    case napi_float32_array:
      return NC_FLOAT;
    case napi_float64_array:
      return NC_DOUBLE;
    case napi_bigint64_array:
      return NC_INT64;
    case napi_biguint64_array:
      return NC_UINT64;
    default:
      throw Napi::TypeError::New(array.Env(), "netcdf: this kind of typed array is not known");
  }
}

Napi::TypedArray newTypedArray(Napi::Env env, nc_type type, size_t length) {
  switch (type) {
    case NC_BYTE:
      return Napi::Int8Array::New(env, length);
    case NC_SHORT:
      return Napi::Int16Array::New(env, length);
    case NC_USHORT:
      return Napi::Uint16Array::New(env, length);
    case NC_INT:
      return Napi::Int32Array::New(env, length);
    case NC_UINT:
      return Napi::Uint32Array::New(env, length);
    case NC_FLOAT:
      return Napi::Float32Array::New(env, length);
    case NC_DOUBLE:
      return Napi::Float64Array::New(env, length);
    case NC_INT64:
      return Napi::BigInt64Array::New(env, length);
    case NC_UINT64:
      return Napi::BigUint64Array::New(env, length);
    default:
      return Napi::Uint8Array::New(env, length);
  }
}

constexpr double kMostCounted = 9007199254740991.0;  // by a double, one by one

std::vector<size_t> sizesOf(const Napi::Value& value) {
  if (!value.IsArray()) throw Napi::TypeError::New(value.Env(), "netcdf: expected an array of whole numbers");
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<size_t> sizes;
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Napi::Value item = array.Get(i);
    const double number = item.IsNumber() ? item.As<Napi::Number>().DoubleValue() : -1;
    if (!(number >= 0 && number <= kMostCounted)) throw Napi::TypeError::New(value.Env(), "netcdf: expected an array of whole numbers >= 0");
    sizes.push_back(static_cast<size_t>(number));
  }
  return sizes;
}

std::string textOf(const Napi::Value& value) {
  return readText(value, [&](const char* kind) { throw Napi::TypeError::New(value.Env(), std::string("netcdf: expected ") + kind); });
}

std::vector<std::string> textsOf(const Napi::Value& value) {
  if (!value.IsArray()) throw Napi::TypeError::New(value.Env(), "netcdf: expected an array of strings");
  const Napi::Array array = value.As<Napi::Array>();
  std::vector<std::string> texts;
  for (uint32_t i = 0; i < array.Length(); ++i) texts.push_back(textOf(array.Get(i)));
  return texts;
}

/// Text as bytes (the caller decides on padding and encoding), NC_STRING as an array of strings, numbers as a typed array.
Napi::Value toJs(Napi::Env env, const Attribute& attribute) {
  if (attribute.type == NC_STRING) return toArray(env, attribute.strings);
  if (sizeOf(attribute.type) == 0) return env.Undefined();
  Napi::TypedArray array = newTypedArray(env, attribute.type, attribute.length);
  if (!attribute.bytes.empty()) std::memcpy(dataOf(array), attribute.bytes.data(), attribute.bytes.size());
  return array;
}

Napi::Array toJs(Napi::Env env, const std::vector<netcdf::Variable>& variables) {
  Napi::Array result = Napi::Array::New(env, variables.size());
  for (uint32_t i = 0; i < variables.size(); ++i) {
    Napi::Object item = Napi::Object::New(env);
    item.Set("name", variables[i].name);
    item.Set("type", typeName(variables[i].type));
    item.Set("dimensions", toArray(env, variables[i].dimensions));
    result.Set(i, item);
  }
  return result;
}

/// Runs `call`; what netCDF says becomes an Error with `code`, `path` and `status`, and so what memory of ours cannot hold.
template <typename Call>
auto translate(Napi::Env env, const std::string& path, Call&& call) -> decltype(call()) {
  return guarded(env, [&] {
    try {
      return call();
    } catch (const std::bad_alloc&) {
      throw NetcdfError(NC_ENOMEM, path, "is too large");
    } catch (const std::length_error&) {
      throw NetcdfError(NC_ENOMEM, path, "is too large");
    }
  });
}

class DatasetHandle : public Napi::ObjectWrap<DatasetHandle> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Dataset",
                       {InstanceMethod<&DatasetHandle::close>("close"), InstanceMethod<&DatasetHandle::sync>("sync"),
                        InstanceMethod<&DatasetHandle::beginDefine>("beginDefine"), InstanceMethod<&DatasetHandle::endDefine>("endDefine"),
                        InstanceMethod<&DatasetHandle::describe>("describe"), InstanceMethod<&DatasetHandle::shape>("shape"),
                        InstanceMethod<&DatasetHandle::attributes>("attributes"), InstanceMethod<&DatasetHandle::defineDimension>("defineDimension"),
                        InstanceMethod<&DatasetHandle::defineVariable>("defineVariable"),
                        InstanceMethod<&DatasetHandle::putAttribute>("putAttribute"), InstanceMethod<&DatasetHandle::read>("read"),
                        InstanceMethod<&DatasetHandle::readStrings>("readStrings"), InstanceMethod<&DatasetHandle::tryValues>("tryValues"),
                        InstanceMethod<&DatasetHandle::keepChunks>("keepChunks"), InstanceMethod<&DatasetHandle::write>("write")});
  }

  /// new Dataset(path, 'read' | 'write') or new Dataset(path, format, prefill)
  explicit DatasetHandle(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DatasetHandle>(info) {
    const std::string path = textOf(info[0]);
    const std::string mode = textOf(info[1]);
    translate(info.Env(), path, [&] {
      if (mode == "read" || mode == "write") {
        dataset_ = std::make_unique<Dataset>(path, mode == "write");
        return;
      }
      const int flags = mode == "netcdf4" ? NC_NETCDF4 : mode == "cdf5" ? NC_64BIT_DATA : mode == "64bit" ? NC_64BIT_OFFSET : 0;
      dataset_ = std::make_unique<Dataset>(path, flags, info[2].ToBoolean().Value());
    });
  }

 private:
  void close(const Napi::CallbackInfo& info) {
    translate(info.Env(), dataset_->path(), [&] { dataset_->close(); });
  }

  void sync(const Napi::CallbackInfo& info) {
    translate(info.Env(), dataset_->path(), [&] { dataset_->sync(); });
  }

  void tryValues(const Napi::CallbackInfo& info) {
    translate(info.Env(), dataset_->path(), [&] { dataset_->tryValues(); });
  }

  /// keepChunks(variable, count)
  void keepChunks(const Napi::CallbackInfo& info) {
    const std::string variable = textOf(info[0]);
    const std::vector<size_t> count = sizesOf(info[1]);
    translate(info.Env(), dataset_->path(), [&] { dataset_->keepChunks(variable, count); });
  }

  void beginDefine(const Napi::CallbackInfo& info) {
    translate(info.Env(), dataset_->path(), [&] { dataset_->beginDefine(); });
  }

  void endDefine(const Napi::CallbackInfo& info) {
    translate(info.Env(), dataset_->path(), [&] { dataset_->endDefine(); });
  }

  Napi::Value describe(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    return translate(env, dataset_->path(), [&]() -> Napi::Value {
      Napi::Object result = Napi::Object::New(env);
      result.Set("format", dataset_->format());
      const auto dimensions = dataset_->dimensions();
      Napi::Array jsDimensions = Napi::Array::New(env, dimensions.size());
      for (uint32_t i = 0; i < dimensions.size(); ++i) {
        Napi::Object item = Napi::Object::New(env);
        item.Set("name", dimensions[i].name);
        item.Set("length", static_cast<double>(dimensions[i].length));
        item.Set("unlimited", dimensions[i].unlimited);
        jsDimensions.Set(i, item);
      }
      result.Set("dimensions", jsDimensions);
      result.Set("variables", toJs(env, dataset_->variables()));
      const auto groups = dataset_->groups();
      Napi::Array jsGroups = Napi::Array::New(env, groups.size());
      for (uint32_t i = 0; i < groups.size(); ++i) {
        Napi::Object item = Napi::Object::New(env);
        item.Set("name", groups[i].name);
        item.Set("variables", toJs(env, groups[i].variables));
        jsGroups.Set(i, item);
      }
      result.Set("groups", jsGroups);
      return result;
    });
  }

  /// shape(variable): lengths of its dimensions
  Napi::Value shape(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const std::string variable = textOf(info[0]);
    return translate(env, dataset_->path(), [&]() -> Napi::Value {
      const std::vector<size_t> lengths = dataset_->shapeOf(variable);
      Napi::Array result = Napi::Array::New(env, lengths.size());
      for (uint32_t i = 0; i < lengths.size(); ++i) result.Set(i, static_cast<double>(lengths[i]));
      return result;
    });
  }

  /// attributes(variable or ''): [{ name, type, value }]
  Napi::Value attributes(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const std::string variable = textOf(info[0]);
    return translate(env, dataset_->path(), [&]() -> Napi::Value {
      const auto attributes = dataset_->attributes(variable);
      Napi::Array result = Napi::Array::New(env, attributes.size());
      for (uint32_t i = 0; i < attributes.size(); ++i) {
        Napi::Object item = Napi::Object::New(env);
        item.Set("name", attributes[i].name);
        item.Set("type", typeName(attributes[i].type));
        item.Set("value", toJs(env, attributes[i]));
        result.Set(i, item);
      }
      return result;
    });
  }

  /// defineDimension(name, length), 0 for a record dimension
  void defineDimension(const Napi::CallbackInfo& info) {
    const std::string name = textOf(info[0]);
    const double length = info[1].ToNumber().DoubleValue();
    if (!(length >= 0 && length <= kMostCounted)) throw Napi::TypeError::New(info.Env(), "netcdf: a dimension's length is 0 or more");
    static_assert(NC_UNLIMITED == 0L, "a record dimension is one of length 0");
    translate(info.Env(), dataset_->path(), [&] { dataset_->defineDimension(name, static_cast<size_t>(length)); });
  }

  /// defineVariable(name, type, dimensions, deflate, chunks)
  void defineVariable(const Napi::CallbackInfo& info) {
    const std::string name = textOf(info[0]);
    const nc_type type = typeOf(info.Env(), textOf(info[1]));
    const std::vector<std::string> dimensions = textsOf(info[2]);
    const Storage storage{info[3].ToNumber().Int32Value(), sizesOf(info[4])};
    translate(info.Env(), dataset_->path(), [&] { dataset_->defineVariable(name, type, dimensions, storage); });
  }

  /// putAttribute(variable or '', name, isText, bytes or numbers)
  void putAttribute(const Napi::CallbackInfo& info) {
    const std::string variable = textOf(info[0]);
    const std::string name = textOf(info[1]);
    const Napi::TypedArray value = typedArray(info[3]);
    const nc_type type = info[2].ToBoolean().Value() ? NC_CHAR : typeOf(value);
    if (type == NC_CHAR && value.ElementSize() != 1) throw Napi::TypeError::New(info.Env(), "netcdf: text is given as bytes");
    translate(info.Env(), dataset_->path(), [&] { dataset_->putAttribute(variable, name, type, value.ElementLength(), dataOf(value)); });
  }

  /// read(variable, start, count, target, isText) fills `target`
  void read(const Napi::CallbackInfo& info) {
    const std::string variable = textOf(info[0]);
    const Slab slab = slabOf(info);
    translate(info.Env(), dataset_->path(), [&] { dataset_->read(variable, slab.start, slab.count, slab.type, slab.data); });
  }

  /// write(variable, start, count, data, isText)
  void write(const Napi::CallbackInfo& info) {
    const std::string variable = textOf(info[0]);
    const Slab slab = slabOf(info);
    translate(info.Env(), dataset_->path(), [&] { dataset_->write(variable, slab.start, slab.count, slab.type, slab.data); });
  }

  Napi::Value readStrings(const Napi::CallbackInfo& info) {
    const std::string variable = textOf(info[0]);
    const std::vector<size_t> start = sizesOf(info[1]);
    const std::vector<size_t> count = sizesOf(info[2]);
    return translate(info.Env(), dataset_->path(),
                     [&]() -> Napi::Value { return toArray(info.Env(), dataset_->readStrings(variable, start, count)); });
  }

  struct Slab {
    std::vector<size_t> start, count;
    nc_type type;
    char* data;
  };

  static Napi::TypedArray typedArray(const Napi::Value& value) {
    if (!value.IsTypedArray()) throw Napi::TypeError::New(value.Env(), "netcdf: expected a typed array");
    return value.As<Napi::TypedArray>();
  }

  /// (variable, start, count, array, isText): refuses an array whose length is not the product of `count`.
  static Slab slabOf(const Napi::CallbackInfo& info) {
    Slab slab{sizesOf(info[1]), sizesOf(info[2]), NC_NAT, nullptr};
    const Napi::TypedArray array = typedArray(info[3]);
    double elements = 1;  // in double, so that a product too large for size_t cannot wrap round
    for (const size_t n : slab.count) elements *= static_cast<double>(n);
    if (elements != static_cast<double>(array.ElementLength())) {
      char asked[32];  // more, it may be, than any integer holds
      std::snprintf(asked, sizeof asked, "%.16g", elements);
      throw Napi::RangeError::New(info.Env(),
                                  "netcdf: the array holds " + std::to_string(array.ElementLength()) + " values but count asks for " + asked);
    }
    slab.type = info[4].ToBoolean().Value() ? NC_CHAR : typeOf(array);
    if (slab.type == NC_CHAR && array.ElementSize() != 1) throw Napi::TypeError::New(info.Env(), "netcdf: text is given as bytes");
    slab.data = dataOf(array);
    return slab;
  }

  std::unique_ptr<Dataset> dataset_;
};

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("Dataset", DatasetHandle::define(env));
  exports.Set("libraryVersion", Napi::String::New(env, nc_inq_libvers()));
  return exports;
}

NODE_API_MODULE(netcdf, init)

}  // namespace

}  // namespace retroplume

#pragma once
#include <napi.h>

#include <string>

namespace retroplume {

/** An Error with the property `code`. */
inline Napi::Error codedError(Napi::Env env, const std::string& code, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  return error;
}

/** What JavaScript gets for a C++ exception. Each addon defines its own. */
Napi::Error toJavaScript(Napi::Env env, const std::exception& error);

/** Calls `body`; a C++ exception becomes a JavaScript error. */
template <class Body>
auto guarded(Napi::Env env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& error) {
    throw toJavaScript(env, error);
  }
}

}  // namespace retroplume

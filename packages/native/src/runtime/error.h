#pragma once
#include <stdexcept>
#include <string>

namespace retroplume {

/** An input that the native side refuses; `code` becomes the property `code` of the JavaScript error. */
class NativeError : public std::runtime_error {
 public:
  NativeError(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

}  // namespace retroplume

#pragma once
#include <cstddef>
#include <memory>

namespace retroplume {

class Device;

/** Zeroed memory of the host, aligned to 64 bytes or more (to 2 MiB, on huge pages where the kernel gives them, if large). Freed with its owner. Or
 * such of a device. */
class Buffer {
 public:
  Buffer() = default;
  /** @throws NativeError OUT_OF_MEMORY */
  explicit Buffer(std::size_t bytes);
  /** On `device`, or on the host where that is null. @throws NativeError OUT_OF_MEMORY, DEVICE_OUT_OF_MEMORY */
  Buffer(std::size_t bytes, std::shared_ptr<Device> device);
  ~Buffer();
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* block_ = nullptr;  // of the host, in which `data_` lies at its alignment
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
  std::shared_ptr<Device> device_;
};

}  // namespace retroplume

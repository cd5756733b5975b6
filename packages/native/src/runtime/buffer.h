#pragma once
#include <cstddef>

namespace retroplume {

/** Zeroed memory, aligned to 64 bytes or more (to 2 MiB, on huge pages where the kernel gives them, if large). Freed with its owner. */
class Buffer {
 public:
  Buffer() = default;
  /** @throws NativeError OUT_OF_MEMORY */
  explicit Buffer(std::size_t bytes);
  ~Buffer();
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  void* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace retroplume

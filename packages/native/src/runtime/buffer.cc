#include "runtime/buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "runtime/device/device.h"
#include "runtime/error.h"

namespace retroplume {

namespace {
constexpr std::size_t kHugePage = std::size_t{2} << 20;
// Kernels load whole vectors (64 bytes at most) at the end of a row and drop what lies past it: that much must be readable behind the last element.
constexpr std::size_t kSlack = 64;
}  // namespace

Buffer::Buffer(std::size_t bytes) : bytes_(bytes) {
  if (bytes == 0) return;
  const std::size_t alignment = bytes >= kHugePage ? kHugePage : 64;
  const std::size_t length = bytes + kSlack;
  std::size_t space = length + alignment;
  // Of much memory the system's zeros come with the first use of a page, next to the processor that uses it.
  block_ = space < bytes ? nullptr : std::calloc(space, 1);
  if (block_ == nullptr) {
    throw NativeError("OUT_OF_MEMORY",
                      "program: expected " + std::to_string(bytes >> 20) + " MiB of memory but the system has not that much: use a smaller batch");
  }
  data_ = block_;
  std::align(alignment, length, data_, space);
  // A hint only: without huge pages the arena works as well, with more page faults.
  if (alignment == kHugePage) madvise(data_, space, MADV_HUGEPAGE);
}

Buffer::Buffer(std::size_t bytes, std::shared_ptr<Device> device) {
  if (device == nullptr) {
    *this = Buffer(bytes);
  } else if (bytes > 0) {
    data_ = device->allocate(bytes);
    bytes_ = bytes;
    device_ = std::move(device);
  }
}

Buffer::~Buffer() { device_ != nullptr ? device_->release(data_) : std::free(block_); }

Buffer::Buffer(Buffer&& other) noexcept
    : block_(std::exchange(other.block_, nullptr)),
      data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      device_(std::move(other.device_)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(block_, other.block_);
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  std::swap(device_, other.device_);
  return *this;
}

}  // namespace retroplume

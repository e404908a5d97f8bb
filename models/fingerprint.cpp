#include "models/fingerprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string_view>
#include <vector>

#include "models/error.h"

namespace quern::models {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t samples = 64;        ///< of each file
constexpr uint64_t sample_size = 4096;  ///< bytes

/// FNV-1a (Fowler, Noll & Vo).
class Hash {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) value_ = (value_ ^ uint8_t(byte)) * 0x100000001b3;
  }
  uint64_t value() const { return value_; }

 private:
  uint64_t value_ = 0xcbf29ce484222325;
};

void add_file(Hash& hash, const fs::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  const auto size = in ? uint64_t(in.tellg()) : 0;
  hash.add(file.filename().string());
  hash.add(std::to_string(size));
  std::string bytes(size_t(sample_size), '\0');
  const uint64_t last = size > sample_size ? size - sample_size : 0;
  uint64_t next = 0;  // what overlaps is read once
  for (uint64_t i = 0; i < samples && in; ++i) {
    const uint64_t begin = std::max(next, last * i / (samples - 1)),
                   end = std::min(size, begin + sample_size);
    if (begin >= end) continue;
    in.seekg(std::streamoff(begin));
    in.read(bytes.data(), std::streamsize(end - begin));
    hash.add(std::string_view(bytes).substr(0, size_t(in.gcount())));
    next = end;
  }
  if (!in) {
    throw ModelError(fmt::format("[cache] {} cannot be read", file.string()),
                     "Check the model's files and their permissions.");
  }
}

}  // namespace

std::string fingerprint(const fs::path& path) {
  std::vector<fs::path> files;
  std::error_code error;
  if (fs::is_directory(path, error)) {
    for (const auto& entry : fs::directory_iterator(path, error)) {
      const fs::path& file = entry.path();
      const auto extension = file.extension();
      if (file.filename() == "config.json" || file.filename() == "adapter_config.json" ||
          extension == ".safetensors" || extension == ".gguf")
        files.push_back(file);
    }
  } else {
    files.push_back(path);
  }
  std::sort(files.begin(), files.end());
  Hash hash;
  for (const fs::path& file : files) add_file(hash, file);
  return fmt::format("{:016x}", hash.value());
}

}  // namespace quern::models

#include "models/quantize/output_path.h"

#include <fmt/format.h>

#include <system_error>

#include "models/error.h"

namespace quern::models {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail_existing(const fs::path& destination) {
  throw ModelError(fmt::format("[convert] {}: exists already", destination.string()),
                   "Choose another name, or remove what is there first.");
}

fs::path without_trailing_slash(fs::path path) {
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

OutputPath::OutputPath(fs::path destination)
    : destination_(without_trailing_slash(fs::absolute(destination).lexically_normal())) {
  if (fs::exists(fs::symlink_status(destination_))) fail_existing(destination_);
  aside_ =
      destination_.parent_path() / fmt::format(".{}.partial", destination_.filename().string());
  std::error_code error;
  fs::create_directories(destination_.parent_path(), error);
  if (!error) fs::remove_all(aside_, error);
  if (error) {
    throw ModelError(
        fmt::format("[convert] {}: cannot be written: {}", destination_.string(), error.message()),
        "Choose a folder that you may write to.");
  }
}

OutputPath::~OutputPath() {
  std::error_code none;
  if (!committed_) fs::remove_all(aside_, none);
}

void OutputPath::require_space(size_t bytes) const {
  std::error_code error;
  const fs::space_info space = fs::space(destination_.parent_path(), error);
  if (error || space.available >= bytes) return;
  throw ModelError(
      fmt::format("[convert] {}: needs {:.2f} GB, but {:.2f} GB are free", destination_.string(),
                  double(bytes) / 1e9, double(space.available) / 1e9),
      "Free some space, or choose another folder.");
}

void OutputPath::commit() {
  if (fs::exists(fs::symlink_status(destination_))) fail_existing(destination_);
  fs::rename(aside_, destination_);
  committed_ = true;
}

}  // namespace quern::models

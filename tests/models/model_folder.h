#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "models/error.h"
#include "tests/fixtures.h"
#include "tests/temporary_folder.h"

namespace quern::tests {

/// A folder in which a test builds, or damages, a model.
class ModelFolder {
 public:
  using Json = nlohmann::json;

  /// Empty.
  ModelFolder() = default;

  /// A copy of a model in tests/data/models.
  explicit ModelFolder(const std::string& name) {
    std::filesystem::copy(data_folder() / "models" / name, path());
  }

  const std::filesystem::path& path() const { return folder_.path(); }

  std::string read(const std::string& file) const {
    std::ifstream in(path() / file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& file, const std::string& text) const {
    std::ofstream(path() / file, std::ios::binary) << text;
  }
  void remove(const std::string& file) const { std::filesystem::remove(path() / file); }

  void edit_json(const std::string& file, const std::function<void(Json&)>& change) const {
    Json json = Json::parse(read(file));
    change(json);
    write(file, json.dump());
  }

  /// Changes the header of model.safetensors and leaves the data as it is.
  void edit_header(const std::function<void(Json&)>& change) const {
    const std::string file = read("model.safetensors");
    uint64_t length = 0;
    std::memcpy(&length, file.data(), sizeof(length));
    Json header = Json::parse(file.substr(8, length));
    change(header);
    write("model.safetensors", with_length(header.dump()) + file.substr(8 + length));
  }

  struct Tensor {
    std::string name;
    std::string type;  ///< "F32", "U32" or "BF16"
    std::vector<int> shape;
  };

  /// A safetensors file of zeros.
  void write_zeros(const std::string& file, const std::vector<Tensor>& tensors) const {
    Json header = Json::object();
    size_t offset = 0;
    for (const Tensor& tensor : tensors) {
      size_t size = tensor.type == "BF16" ? 2 : 4;
      for (const int length : tensor.shape) size *= size_t(length);
      header[tensor.name] = {{"dtype", tensor.type},
                             {"shape", tensor.shape},
                             {"data_offsets", {offset, offset + size}}};
      offset += size;
    }
    write(file, with_length(header.dump()) + std::string(offset, '\0'));
  }

  static std::string with_length(const std::string& header) {
    const uint64_t length = header.size();
    std::string out(sizeof(length), '\0');
    std::memcpy(out.data(), &length, sizeof(length));
    return out + header;
  }

 private:
  TemporaryFolder folder_;
};

/// Expects a ModelError whose text contains all of these and whose advice is not empty.
template <typename F>
void expect_error(F&& action, std::initializer_list<const char*> parts) {
  try {
    action();
    ADD_FAILURE() << "no error";
  } catch (const models::ModelError& e) {
    for (const char* part : parts) EXPECT_THAT(std::string(e.what()), testing::HasSubstr(part));
    EXPECT_FALSE(e.advice().empty()) << e.what();
  }
}

}  // namespace quern::tests

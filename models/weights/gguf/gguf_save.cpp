#include "models/weights/gguf/gguf_save.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine/io/gguf_encode.h"
#include "engine/io/gguf_writer.h"
#include "engine/ops/cast.h"
#include "engine/ops/shape.h"
#include "models/error.h"
#include "models/quantize/module_plan.h"
#include "models/weights/gguf/gguf_forms.h"
#include "models/weights/gguf/gguf_header.h"

namespace quern::models {

namespace {

constexpr uint32_t f32 = 0, f16 = 1, q5_0 = 6, q5_1 = 7, q8_0 = 8, q4_k = 12, q5_k = 13, q6_k = 14;

/// A name that people know, the number that says it in a file, and the type of most weights.
struct FileType {
  std::string_view name;
  uint32_t file_type;
  uint32_t tensor_type;
  bool mixed = false;  ///< weights that matter more have 6 bits
};

constexpr FileType file_types[] = {
    {"F32", 0, f32},    {"F16", 1, f16},
    {"BF16", 32, 30},   {"Q4_0", 2, 2},
    {"Q4_1", 3, 3},     {"Q5_0", 8, q5_0},
    {"Q5_1", 9, q5_1},  {"Q8_0", 7, q8_0},
    {"Q4_K", 14, q4_k}, {"Q4_K_M", 15, q4_k, true},
    {"Q5_K", 16, q5_k}, {"Q5_K_M", 17, q5_k, true},
    {"Q6_K", 18, q6_k},
};

const FileType* find_file_type(const std::string& name) {
  const auto found = std::find_if(std::begin(file_types), std::end(file_types),
                                  [&](const FileType& t) { return t.name == name; });
  return found == std::end(file_types) ? nullptr : found;
}

/// Another type of about the size, when rows are too short for blocks.
uint32_t type_for_rows(uint32_t type, int row) {
  if (row % int(find_gguf_type(type)->block_elements) == 0) return type;
  if (row % 32 != 0) return f16;
  return type == q4_k ? q5_0 : type == q5_k ? q5_1 : q8_0;
}

/// name: the published one.
uint32_t type_of(const FileType& file, const std::string& name, const array& value, bool tied,
                 int num_layers) {
  const bool is_matrix =
      value.ndim() >= 2 && name.ends_with(".weight") && name.find("norm") == std::string::npos;
  const bool is_router = name.ends_with(".gate.weight") || name.ends_with(".router.weight") ||
                         name.ends_with("_gate.weight");
  if (!is_matrix || is_router) return f32;
  uint32_t type = file.tensor_type;
  const bool is_head = name == "lm_head.weight" || (tied && name == "model.embed_tokens.weight");
  const bool is_coarse = type > f16 && type != 30 && type != q8_0;
  if (is_coarse && (is_head || (file.mixed && has_more_bits(name, num_layers)))) type = q6_k;
  return type_for_rows(type, value.shape(-1));
}

std::vector<uint8_t> encoded(array value, const GGUFType& type) {
  value = contiguous(astype(value, float32));
  value.eval();
  std::vector<uint8_t> bytes(value.size() / type.block_elements * type.block_bytes);
  encode_gguf_blocks(type, value.data<float>(), value.size(), bytes.data());
  return bytes;
}

}  // namespace

std::vector<std::string> gguf_file_types() {
  std::vector<std::string> names;
  for (const FileType& type : file_types) names.emplace_back(type.name);
  return names;
}

void check_gguf_type(const std::string& type) {
  if (find_file_type(type)) return;
  std::string known;
  for (const FileType& row : file_types)
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  throw ModelError(
      fmt::format("[convert] \"{}\" is no type of GGUF file that can be written", type),
      fmt::format("Choose one of {}.", known));
}

size_t save_gguf_model(const std::filesystem::path& file, Weights weights,
                       const ModelConfig& config, const std::optional<GgufVocabulary>& vocabulary,
                       const std::string& type, const std::string& name,
                       const ConversionWatch& watch) {
  check_gguf_type(type);
  const FileType& file_type = *find_file_type(type);
  const GgufArchitecture* architecture = find_gguf_architecture_of(config.model_type);
  if (!architecture) {
    throw ModelError(fmt::format("[gguf] {}: models of type \"{}\" cannot be written as GGUF",
                                 config.file, config.model_type),
                     "Write the model as MLX or Hugging Face files instead.");
  }
  to_gguf_forms(*architecture, config.num_attention_heads, config.num_key_value_heads, weights);
  const bool tied = !weights.contains("lm_head.weight");

  Weights of_config;
  GgufValues values = gguf_values_of(*architecture, config, of_config);
  values.emplace("general.name", name);
  values.emplace("general.file_type", array(file_type.file_type, uint32));
  if (vocabulary) {
    add_gguf_vocabulary(*vocabulary, values);
  } else {
    values.emplace("tokenizer.ggml.model", std::string("no_vocab"));
  }

  std::vector<GGUFWriter::Tensor> tensors;
  std::vector<array> arrays;
  size_t total = 0;
  const auto add = [&](const std::string& as, uint32_t id, const array& value) {
    tensors.push_back({as, find_gguf_type(id), value.shape()});
    arrays.push_back(value);
    total += tensors.back().nbytes();
  };
  for (const auto& [as, value] : of_config) add(as, f32, value);
  for (const auto& [published, value] : weights) {
    const std::string as = gguf_name(*architecture, published);
    if (as.empty()) {
      throw ModelError(fmt::format("[gguf] {} has no name in GGUF", published),
                       "Write the model as MLX or Hugging Face files instead.");
    }
    add(as, type_of(file_type, published, value, tied, config.num_hidden_layers), value);
  }
  weights.clear();

  ProgressCounter progress(watch, total);
  GGUFWriter out(file, values, tensors);
  for (size_t i = 0; i < tensors.size(); ++i) {
    progress.begin(tensors[i].name);
    out.write(encoded(std::exchange(arrays[i], array(false)), *tensors[i].type).data());
    progress.end(tensors[i].nbytes());
  }
  out.commit();
  return total;
}

}  // namespace quern::models

#include "models/quantize/convert.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/io/atomic_file.h"
#include "models/decoder/load_decoder.h"
#include "models/error.h"
#include "models/families/family.h"
#include "models/model_files.h"
#include "models/quantize/float_weights.h"
#include "models/quantize/mlx_weights.h"
#include "models/quantize/output_path.h"
#include "models/quantize/same_model.h"
#include "models/tokenizer/tokenizer.h"
#include "models/weights/checkpoint_writer.h"
#include "models/weights/gguf/gguf_model.h"
#include "models/weights/gguf/gguf_save.h"

namespace quern::models {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Format = ConvertOptions::Format;

std::optional<Dtype> dtype_of_config(const Json& config) {
  for (const char* key : {"torch_dtype", "dtype"}) {
    const auto found = config.find(key);
    if (found == config.end() || !found->is_string()) continue;
    const auto name = found->get<std::string>();
    if (name == "float16") return float16;
    if (name == "bfloat16") return bfloat16;
    if (name == "float32") return float32;
  }
  return std::nullopt;
}

/// What floats are cast to. Integers of other programs came with scales of float16, and would lose
/// by bfloat16.
Dtype float_dtype(const ConvertOptions& options, const ModelFiles& files) {
  if (options.dtype) return *options.dtype;
  const bool foreign = files.vocabulary || !files.config.quantization.foreign_method.empty();
  if (foreign && files.config.quantization.global) return float16;
  return dtype_of_config(*files.config.json).value_or(compute_dtype(files.weights, files.spec));
}

void write_text(const fs::path& file, const std::string& text) {
  AtomicFile out(file);
  out.write(text.data(), text.size());
  out.commit();
}

/// What a model's folder holds besides config and weights.
void copy_companions(const fs::path& from, const fs::path& to) {
  if (!fs::is_directory(from)) return;
  constexpr std::string_view kinds[] = {".json", ".txt", ".model", ".tiktoken", ".jinja", ".md"};
  for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
    const std::string name = entry.path().filename().string();
    const std::string kind = entry.path().extension().string();
    const bool wanted = std::find(std::begin(kinds), std::end(kinds), kind) != std::end(kinds);
    const bool ours = name == "config.json" || name.ends_with(".index.json");
    if (wanted && !ours && entry.is_regular_file()) fs::copy_file(entry.path(), to / name);
  }
}

/// The head that a tied model's files may hold in vain, and what nothing needs.
void drop_unused(const DecoderSpec& spec, Weights& weights) {
  std::erase_if(weights, [&](const auto& entry) {
    const std::string& name = entry.first;
    const bool spare_head =
        spec.tied_head.value_or(false) && name.starts_with(spec.head_name + ".");
    return spare_head ||
           std::any_of(spec.ignored.begin(), spec.ignored.end(),
                       [&](const std::string& ending) { return name.ends_with(ending); });
  });
}

int64_t element_count_of(const OrderedTensors& tensors) {
  int64_t count = 0;
  for (const auto& [name, value] : tensors) count += int64_t(value.size());
  return count;
}

size_t nbytes_of(const OrderedTensors& tensors) {
  size_t bytes = 0;
  for (const auto& [name, value] : tensors) bytes += value.nbytes();
  return bytes;
}

ConversionReport report_of(int64_t parameters, size_t bytes) {
  const double bits = parameters > 0 ? 8.0 * double(bytes) / double(parameters) : 0.0;
  return {.parameters = parameters, .weight_bytes = bytes, .bits_per_weight = bits};
}

Json config_of(const ModelFiles& files, const Json& quantization, Dtype dtype) {
  Json config = *files.config.json;
  config.erase("quantization");
  config.erase("quantization_config");
  config["torch_dtype"] = std::string(dtype_name(dtype));
  if (!quantization.is_null())
    config["quantization"] = config["quantization_config"] = quantization;
  return config;
}

ConversionReport write_folder(ModelFiles files, const ConvertOptions& options, const OutputPath& to,
                              const ConversionWatch& watch) {
  const Dtype dtype = float_dtype(options, files);
  OrderedTensors tensors;
  Json quantization;
  int64_t parameters = 0;
  if (options.format == Format::mlx) {
    MlxWeights made = mlx_weights(std::move(files.weights), files.config.quantization, options.plan,
                                  options.dequantize, dtype, files.config.num_hidden_layers);
    tensors = std::move(made.tensors);
    quantization = quantization_json(made.quantization);
    parameters = made.parameters;
  } else {
    Weights floats = float_weights(std::move(files.weights), files.config.quantization, dtype);
    to_published(files.spec.rules, floats);
    tensors.assign(floats.begin(), floats.end());
    parameters = element_count_of(tensors);
  }
  files.weights.clear();
  const size_t bytes = nbytes_of(tensors);
  to.require_space(bytes);
  fs::create_directory(to.path());
  copy_companions(files.path, to.path());
  write_text(to.path() / "config.json", config_of(files, quantization, dtype).dump(2) + "\n");
  write_checkpoint(to.path(), std::move(tensors), parameters, options.shard_bytes, watch);
  return report_of(parameters, bytes);
}

std::optional<GgufVocabulary> vocabulary_to_write(const ModelFiles& files) {
  if (files.vocabulary) return files.vocabulary;
  if (!fs::exists(files.path / "tokenizer.json")) return std::nullopt;
  return gguf_vocabulary_of(Tokenizer::load(files.path), files.config.vocab_size);
}

/// GGUF leaves much to what a reader knows of the architecture: what it would take the file for
/// must be what was written.
void require_same_model(const fs::path& file, const ModelFiles& written) {
  const GgufCheckpoint checkpoint = GgufCheckpoint::open(file);
  const ModelConfig config = ModelConfig::from_json(config_of_gguf(checkpoint), file.string());
  const std::string difference = difference_of(find_family(config).describe(config), written.spec);
  if (difference.empty()) return;
  throw ModelError(
      fmt::format("[gguf] {}: GGUF has no words for this model: as it would be read, {}",
                  written.path.string(), difference),
      "Write the model as MLX or Hugging Face files instead.");
}

ConversionReport write_gguf(ModelFiles files, const ConvertOptions& options, const OutputPath& to,
                            const std::string& name, const ConversionWatch& watch) {
  const auto vocabulary = vocabulary_to_write(files);
  // The file's types round once, from as precise a number as there is.
  Weights floats = float_weights(std::move(files.weights), files.config.quantization, float32);
  files.weights.clear();
  int64_t parameters = 0;
  for (const auto& [tensor, value] : floats) parameters += int64_t(value.size());
  const size_t bytes = save_gguf_model(to.path(), std::move(floats), files.config, vocabulary,
                                       options.gguf_type, name, watch);
  require_same_model(to.path(), files);
  return report_of(parameters, bytes);
}

/// Merges the adapters, if there are any.
std::optional<MergeReport> merged_first(ConvertOptions& options, ModelFiles& files,
                                        const ConversionWatch& watch) {
  if (options.adapters.empty()) return std::nullopt;
  // As the model itself says: merged weights are float32 until they are written.
  options.dtype = float_dtype(options, files);
  const bool quantize = options.format == Format::mlx && !options.dequantize &&
                        !options.plan.quantization && options.plan.recipe.empty();
  return merge_adapters(options.adapters, files, quantize, watch.stop);
}

}  // namespace

std::optional<ConversionReport> convert(const fs::path& source, const fs::path& destination,
                                        const ConvertOptions& options,
                                        const ConversionWatch& watch) {
  check_plan(options.plan);
  if (options.format == Format::gguf) check_gguf_type(options.gguf_type);
  OutputPath to(destination);
  try {
    ModelFiles files = ModelFiles::open(source);
    drop_unused(files.spec, files.weights);
    ConvertOptions complete = options;
    const auto merge = merged_first(complete, files, watch);
    ConversionReport report =
        options.format == Format::gguf
            ? write_gguf(std::move(files), complete, to, destination.stem().string(), watch)
            : write_folder(std::move(files), complete, to, watch);
    report.merge = merge;
    to.commit();
    return report;
  } catch (const ConversionStopped&) {
    return std::nullopt;
  } catch (const ModelError&) {
    throw;
  } catch (const std::exception& e) {
    throw ModelError(e.what(), "See that the disk has room and the model's files are whole.");
  }
}

}  // namespace quern::models

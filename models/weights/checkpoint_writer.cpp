#include "models/weights/checkpoint_writer.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "engine/io/atomic_file.h"
#include "engine/io/safetensors.h"

namespace quern::models {

namespace {

/// Where each shard ends in the list.
std::vector<size_t> shard_ends(const OrderedTensors& tensors, size_t shard_bytes) {
  std::vector<size_t> ends;
  size_t bytes = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const size_t next = tensors[i].second.nbytes();
    if (bytes > 0 && next > shard_bytes - std::min(bytes, shard_bytes)) {
      ends.push_back(i);
      bytes = 0;
    }
    bytes += next;
  }
  ends.push_back(tensors.size());
  return ends;
}

}  // namespace

void write_checkpoint(const std::filesystem::path& folder, OrderedTensors tensors,
                      int64_t parameters, size_t shard_bytes, const ConversionWatch& watch) {
  const std::vector<size_t> ends = shard_ends(tensors, shard_bytes);
  size_t total = 0;
  for (const auto& [name, value] : tensors) total += value.nbytes();
  ProgressCounter progress(watch, total);
  nlohmann::json weight_map = nlohmann::json::object();
  for (size_t shard = 0, begin = 0; shard < ends.size(); begin = ends[shard++]) {
    const std::string file =
        ends.size() == 1 ? "model.safetensors"
                         : fmt::format("model-{:05}-of-{:05}.safetensors", shard + 1, ends.size());
    std::vector<SafetensorsWriter::Tensor> entries;
    for (size_t i = begin; i < ends[shard]; ++i) {
      const auto& [name, value] = tensors[i];
      entries.push_back({name, value.dtype(), value.shape()});
      weight_map[name] = file;
    }
    AtomicFile out(folder / file);
    SafetensorsWriter writer(out, entries, {{"format", "mlx"}});
    for (size_t i = begin; i < ends[shard]; ++i) {
      progress.begin(tensors[i].first);
      writer.write(std::exchange(tensors[i].second, array(false)));
      progress.end(entries[i - begin].nbytes());
    }
    out.commit();
  }
  const nlohmann::json index = {
      {"metadata", {{"total_size", total}, {"total_parameters", parameters}}},
      {"weight_map", weight_map}};
  const std::string text = index.dump(2) + "\n";
  AtomicFile out(folder / "model.safetensors.index.json");
  out.write(text.data(), text.size());
  out.commit();
}

}  // namespace quern::models

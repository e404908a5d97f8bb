#include "bench/models/synthetic_checkpoint.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "engine/quern.h"

namespace quern::bench {

namespace {

/// Adds weights to a checkpoint under the names of the llama layout.
class Weights {
 public:
  explicit Weights(const StoredAs& stored) : stored_(stored) {}

  void linear(const std::string& path, int out, int in) {
    const int bits = stored_.bits;
    if (bits == 16) {
      add(path + ".weight", random::normal({out, in}, bfloat16, 0.0f, 0.02f, key_.next()));
      return;
    }
    // Codes are uniform; the scale makes the weights about as large as trained ones.
    const float scale = 0.04f / float(1 << bits);
    const Shape groups{out, in / stored_.group_size};
    add(path + ".weight", random::bits({out, in * bits / 32}, 4, key_.next()));
    add(path + ".scales", full(groups, array(scale, bfloat16)));
    add(path + ".biases", full(groups, array(-scale * float(1 << bits) / 2, bfloat16)));
  }

  void norm(const std::string& path, int size) { add(path + ".weight", ones({size}, bfloat16)); }

  void save(const std::filesystem::path& file) {
    save_safetensors(file.string(), std::move(arrays_));
  }

 private:
  /// Computed when it is written: the weights need not fit into memory together.
  void add(const std::string& name, array a) { arrays_.emplace(name, std::move(a)); }

  StoredAs stored_;
  random::KeySequence key_{42};
  std::unordered_map<std::string, array> arrays_;
};

nlohmann::json config(const ModelShape& s, const StoredAs& stored) {
  nlohmann::json json = {{"model_type", "llama"},
                         {"hidden_size", s.hidden},
                         {"intermediate_size", s.feed_forward},
                         {"num_hidden_layers", s.layers},
                         {"num_attention_heads", s.heads},
                         {"num_key_value_heads", s.key_value_heads},
                         {"head_dim", s.head_dim},
                         {"vocab_size", s.vocabulary},
                         {"max_position_embeddings", 131072},
                         {"rms_norm_eps", 1e-5},
                         {"rope_theta", 500000.0},
                         {"tie_word_embeddings", true}};
  if (stored.bits != 16)
    json["quantization"] = {{"group_size", stored.group_size}, {"bits", stored.bits}};
  return json;
}

}  // namespace

std::filesystem::path bench_folder() {
  auto folder = std::filesystem::temp_directory_path() / "quern-bench";
  std::filesystem::create_directories(folder);
  return folder;
}

double ModelShape::layer_parameters() const {
  const double query = double(heads) * head_dim, key = double(key_value_heads) * head_dim;
  return layers * (double(hidden) * (2 * query + 2 * key) + 3.0 * hidden * feed_forward);
}

ModelShape six_million() { return {"6m", 6, 256, 704, 4, 2, 64, 4096}; }
ModelShape half_billion() { return {"0.5b", 24, 896, 4864, 14, 2, 64, 32000}; }
ModelShape one_billion() { return {"1b", 16, 2048, 8192, 32, 8, 64, 128256}; }
ModelShape three_billion() { return {"3b", 28, 3072, 8192, 24, 8, 128, 128256}; }
ModelShape eight_billion() { return {"8b", 32, 4096, 14336, 32, 8, 128, 128256}; }

std::string StoredAs::name() const {
  return bits == 16 ? "bf16" : fmt::format("{}bit_g{}", bits, group_size);
}

double StoredAs::bytes_per_parameter() const {
  // A scale and a bias of two bytes for each group.
  return bits / 8.0 + (bits == 16 ? 0.0 : 4.0 / group_size);
}

std::filesystem::path synthetic_checkpoint(const ModelShape& s, const StoredAs& stored) {
  const auto folder = bench_folder() / (s.name + "-" + stored.name());
  if (std::filesystem::exists(folder / "config.json")) return folder;
  std::filesystem::create_directories(folder);
  Weights w(stored);
  w.linear("model.embed_tokens", s.vocabulary, s.hidden);
  w.norm("model.norm", s.hidden);
  for (int i = 0; i < s.layers; ++i) {
    const std::string layer = "model.layers." + std::to_string(i);
    const int query = s.heads * s.head_dim, key = s.key_value_heads * s.head_dim;
    w.norm(layer + ".input_layernorm", s.hidden);
    w.norm(layer + ".post_attention_layernorm", s.hidden);
    w.linear(layer + ".self_attn.q_proj", query, s.hidden);
    w.linear(layer + ".self_attn.k_proj", key, s.hidden);
    w.linear(layer + ".self_attn.v_proj", key, s.hidden);
    w.linear(layer + ".self_attn.o_proj", s.hidden, query);
    w.linear(layer + ".mlp.gate_proj", s.feed_forward, s.hidden);
    w.linear(layer + ".mlp.up_proj", s.feed_forward, s.hidden);
    w.linear(layer + ".mlp.down_proj", s.hidden, s.feed_forward);
  }
  w.save(folder / "model.safetensors");
  std::ofstream(folder / "config.json") << config(s, stored).dump(2);
  return folder;
}

std::optional<std::string> no_room_for(double bytes) {
  std::ifstream meminfo("/proc/meminfo");
  std::string word;
  double available = 0;
  while (meminfo >> word)
    if (word == "MemAvailable:" && meminfo >> available) available *= 1024;
  // Beside the weights, what computing with them needs.
  const double memory = bytes * 1.1 + 1e9;
  if (available < memory)
    return fmt::format("it needs {:.1f} GB of memory, and {:.1f} GB are free", memory / 1e9,
                       available / 1e9);
  const double space = double(std::filesystem::space(bench_folder()).available);
  if (space < bytes * 1.1)
    return fmt::format("it needs {:.1f} GB of {}, and {:.1f} GB are free", bytes * 1.1 / 1e9,
                       bench_folder().string(), space / 1e9);
  return std::nullopt;
}

}  // namespace quern::bench

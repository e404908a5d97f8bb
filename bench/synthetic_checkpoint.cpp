#include "bench/synthetic_checkpoint.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "engine/quern.h"

namespace quern::bench {

namespace {

/// Adds weights to a checkpoint under the names of the llama layout.
class Weights {
 public:
  explicit Weights(int bits) : bits_(bits) {}

  void linear(const std::string& path, int out, int in) {
    if (bits_ == 16) {
      add(path + ".weight", random::normal({out, in}, bfloat16, 0.0f, 0.02f, key_.next()));
      return;
    }
    // Codes are uniform; the scale makes the weights about as large as trained ones.
    const float scale = 0.04f / float(1 << bits_);
    const Shape groups{out, in / 64};
    add(path + ".weight", random::bits({out, in * bits_ / 32}, 4, key_.next()));
    add(path + ".scales", full(groups, array(scale, bfloat16)));
    add(path + ".biases", full(groups, array(-scale * float(1 << bits_) / 2, bfloat16)));
  }

  void norm(const std::string& path, int size) { add(path + ".weight", ones({size}, bfloat16)); }

  void save(const std::filesystem::path& file) {
    save_safetensors(file.string(), std::move(arrays_));
  }

 private:
  void add(const std::string& name, array a) {
    a.eval();
    arrays_.emplace(name, std::move(a));
  }

  int bits_;
  random::KeySequence key_{42};
  std::unordered_map<std::string, array> arrays_;
};

nlohmann::json config(const CheckpointShape& s) {
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
  if (s.bits != 16) json["quantization"] = {{"group_size", 64}, {"bits", s.bits}};
  return json;
}

}  // namespace

CheckpointShape one_billion(int bits) {
  return {"1b-" + std::to_string(bits) + "bit", 16, 2048, 8192, 32, 8, 64, 128256, bits};
}

CheckpointShape half_billion(int bits) {
  return {"0.5b-" + std::to_string(bits) + "bit", 24, 896, 4864, 14, 2, 64, 32000, bits};
}

CheckpointShape six_million() { return {"6m-16bit", 6, 256, 704, 4, 2, 64, 4096, 16}; }

std::filesystem::path synthetic_checkpoint(const CheckpointShape& s) {
  const auto folder = std::filesystem::temp_directory_path() / "quern-bench" / s.name;
  if (std::filesystem::exists(folder / "config.json")) return folder;
  std::filesystem::create_directories(folder);
  Weights w(s.bits);
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
  std::ofstream(folder / "config.json") << config(s).dump(2);
  return folder;
}

}  // namespace quern::bench

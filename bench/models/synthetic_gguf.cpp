#include <fmt/format.h>

#include <cstring>
#include <random>

#include "bench/models/synthetic_checkpoint.h"
#include "engine/io/gguf_writer.h"
#include "engine/quern.h"

namespace quern::bench {

namespace {

/// The numbers that the format has for types.
struct BlockType {
  const char* name;
  uint32_t id;
};
constexpr BlockType block_types[] = {{"Q4_0", 2}, {"Q8_0", 8}, {"BF16", 30}};
constexpr uint32_t float32_type = 0;

const GGUFType& type_named(const std::string& name) {
  for (const BlockType& type : block_types)
    if (name == type.name) return *find_gguf_type(type.id);
  throw std::invalid_argument(fmt::format("[bench] no GGUF type {}", name));
}

std::vector<GGUFWriter::Tensor> tensors_of(const ModelShape& s, const GGUFType& weights) {
  std::vector<GGUFWriter::Tensor> tensors;
  const auto matrix = [&](const std::string& name, int out, int in) {
    tensors.push_back({name + ".weight", &weights, {out, in}});
  };
  const auto norm = [&](const std::string& name) {
    tensors.push_back({name + ".weight", find_gguf_type(float32_type), {s.hidden}});
  };
  const int query = s.heads * s.head_dim, key = s.key_value_heads * s.head_dim;
  matrix("token_embd", s.vocabulary, s.hidden);
  norm("output_norm");
  for (int i = 0; i < s.layers; ++i) {
    const std::string block = fmt::format("blk.{}.", i);
    norm(block + "attn_norm");
    norm(block + "ffn_norm");
    matrix(block + "attn_q", query, s.hidden);
    matrix(block + "attn_k", key, s.hidden);
    matrix(block + "attn_v", key, s.hidden);
    matrix(block + "attn_output", s.hidden, query);
    matrix(block + "ffn_gate", s.feed_forward, s.hidden);
    matrix(block + "ffn_up", s.feed_forward, s.hidden);
    matrix(block + "ffn_down", s.hidden, s.feed_forward);
  }
  return tensors;
}

/// Pieces of text that stand for themselves: as many as the embedding has rows.
void add_vocabulary(std::map<std::string, GGUFMetaData>& metadata, int size) {
  constexpr int normal = 1, unknown = 2, control = 3, byte = 6;
  std::vector<std::string> pieces{"<unk>", "<s>", "</s>"};
  std::vector<int32_t> types{unknown, control, control};
  for (int i = 0; i < 256; ++i) {
    pieces.push_back(fmt::format("<0x{:02X}>", i));
    types.push_back(byte);
  }
  while (int(pieces.size()) < size) {
    pieces.push_back(fmt::format("\u2581{}", pieces.size()));
    types.push_back(normal);
  }
  metadata.insert({{"tokenizer.ggml.model", "llama"},
                   {"tokenizer.ggml.tokens", pieces},
                   {"tokenizer.ggml.scores", zeros({size}, float32)},
                   {"tokenizer.ggml.token_type", array(types.begin(), {size}, int32)},
                   {"tokenizer.ggml.bos_token_id", array(1, uint32)},
                   {"tokenizer.ggml.eos_token_id", array(2, uint32)}});
}

std::map<std::string, GGUFMetaData> metadata_of(const ModelShape& s) {
  const auto number = [](int value) { return array(value, uint32); };
  std::map<std::string, GGUFMetaData> metadata{
      {"general.architecture", "llama"},
      {"general.name", s.name},
      {"llama.context_length", number(131072)},
      {"llama.block_count", number(s.layers)},
      {"llama.embedding_length", number(s.hidden)},
      {"llama.feed_forward_length", number(s.feed_forward)},
      {"llama.attention.head_count", number(s.heads)},
      {"llama.attention.head_count_kv", number(s.key_value_heads)},
      {"llama.attention.key_length", number(s.head_dim)},
      {"llama.attention.value_length", number(s.head_dim)},
      {"llama.rope.dimension_count", number(s.head_dim)},
      {"llama.rope.freq_base", array(500000.0f)},
      {"llama.attention.layer_norm_rms_epsilon", array(1e-5f)},
      {"llama.vocab_size", number(s.vocabulary)}};
  add_vocabulary(metadata, s.vocabulary);
  return metadata;
}

/// Blocks of random codes, with scales that make the weights about as large as trained ones.
std::vector<uint8_t> random_blocks(const GGUFWriter::Tensor& tensor, std::mt19937_64& random) {
  std::vector<uint8_t> bytes((tensor.nbytes() + 7) / 8 * 8);
  if (tensor.type->id == float32_type) {
    const float one = 1;
    for (size_t i = 0; i < tensor.nbytes(); i += sizeof(one))
      std::memcpy(&bytes[i], &one, sizeof(one));
    return bytes;
  }
  for (size_t i = 0; i < bytes.size(); i += 8) {
    const uint64_t word = random();
    std::memcpy(&bytes[i], &word, 8);
  }
  if (tensor.type->dtype == bfloat16) {
    // A sign and a mantissa at random; the exponent of 1/64.
    for (size_t i = 1; i < tensor.nbytes(); i += 2) bytes[i] = uint8_t((bytes[i] & 0x80) | 0x3c);
    return bytes;
  }
  // Both block types begin with a scale, a float16: about 0.0025 for 4 bits, 0.00016 for 8.
  const uint16_t scale = tensor.type->name == "Q4_0" ? 0x1920 : 0x0940;
  for (size_t i = 0; i < tensor.nbytes(); i += tensor.type->block_bytes)
    std::memcpy(&bytes[i], &scale, 2);
  return bytes;
}

}  // namespace

std::filesystem::path synthetic_gguf(const ModelShape& shape, const std::string& type) {
  const auto file = bench_folder() / (shape.name + "-" + type + ".gguf");
  if (std::filesystem::exists(file)) return file;
  const auto tensors = tensors_of(shape, type_named(type));
  GGUFWriter out(file, metadata_of(shape), tensors);
  std::mt19937_64 random(42);
  for (const GGUFWriter::Tensor& tensor : tensors) out.write(random_blocks(tensor, random).data());
  out.commit();
  return file;
}

}  // namespace quern::bench

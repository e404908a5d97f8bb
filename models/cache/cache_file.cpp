#include "models/cache/cache_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_map>

#include "engine/graph/eval.h"
#include "engine/io/safetensors.h"
#include "engine/ops/shape.h"
#include "models/error.h"

namespace quern::models {

namespace {

using Json = nlohmann::json;

constexpr const char* version = "1";
constexpr const char* advice =
    "Let the prompt be read anew: name another file, or remove this one.";

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw ModelError(fmt::format("[cache] {}: {}", file.string(), why), advice);
}

std::string array_name(size_t layer, size_t number) {
  return fmt::format("layers.{}.{}", layer, number);
}

/// What the arrays do not say of a file's layers: a list of {"kind", "numbers", "arrays"} or null.
Json description_of(const Cache& layers, std::unordered_map<std::string, array>& arrays) {
  Json description = Json::array();
  for (size_t i = 0; i < layers.size(); ++i) {
    if (!layers[i]) {
      description.push_back(nullptr);
      continue;
    }
    LayerState state = layers[i]->state();
    for (size_t j = 0; j < state.arrays.size(); ++j)
      arrays.emplace(array_name(i, j), std::move(state.arrays[j]));
    description.push_back(
        {{"kind", layers[i]->kind()}, {"numbers", state.numbers}, {"arrays", state.arrays.size()}});
  }
  return description;
}

class Reader {
 public:
  Reader(const std::filesystem::path& file, const std::string& fingerprint)
      : file_(file), stored_(open(file)) {
    if (metadata("quern_cache") != version)
      refuse(file_, fmt::format("it has version \"{}\", not {}", metadata("quern_cache"), version));
    if (metadata("model") != fingerprint) refuse(file_, "it was written with another model");
  }

  std::vector<int32_t> tokens(int vocab_size) const {
    const array tokens = load("tokens");
    if (tokens.ndim() != 1 || tokens.dtype() != int32) refuse(file_, "its tokens are no list");
    std::vector<int32_t> ids(tokens.data<int32_t>(), tokens.data<int32_t>() + tokens.size());
    for (const int32_t id : ids) {
      if (id < 0 || id >= vocab_size)
        refuse(file_, fmt::format("token {} is not one of {}", id, vocab_size));
    }
    return ids;
  }

  void restore(Cache& layers, int length) const {
    const Json description = Json::parse(metadata("layers"), nullptr, false);
    if (!description.is_array() || description.size() != layers.size())
      refuse(file_, fmt::format("it does not describe {} layers", layers.size()));
    for (size_t i = 0; i < layers.size(); ++i) {
      if (description[i].is_null() != !layers[i])
        refuse(file_, fmt::format("layer {} does not fit the model's", i));
      if (!layers[i]) continue;
      layers[i]->restore(state(description[i], i, layers[i]->kind()));
      if (layers[i]->offset() != length)
        refuse(file_,
               fmt::format("layer {} holds {} tokens, not {}", i, layers[i]->offset(), length));
    }
  }

 private:
  static SafetensorsFile open(const std::filesystem::path& file) {
    try {
      return SafetensorsFile(file);
    } catch (const std::runtime_error& error) {
      throw ModelError(fmt::format("[cache] {}", error.what()), advice);
    }
  }

  std::string metadata(const std::string& name) const {
    const auto found = stored_.metadata().find(name);
    if (found == stored_.metadata().end())
      refuse(file_, fmt::format("it is no saved prompt: \"{}\" is missing", name));
    return found->second;
  }

  array load(const std::string& name) const {
    if (!stored_.tensors().contains(name)) refuse(file_, fmt::format("{} is missing", name));
    // A copy: the file may be written again while the arrays are in use.
    array a = copy(stored_.load(name));
    a.eval();
    return a;
  }

  LayerState state(const Json& described, size_t layer, const std::string& kind) const {
    const auto wrong = [&] { refuse(file_, fmt::format("layer {} is described wrongly", layer)); };
    if (!described.is_object() || !described.contains("arrays") || !described.contains("numbers"))
      wrong();
    const Json &count = described["arrays"], &numbers = described["numbers"];
    if (described.value("kind", Json()) != Json(kind) || !count.is_number_unsigned() ||
        count.get<uint64_t>() > stored_.tensors().size() || !numbers.is_array())
      wrong();
    LayerState state;
    for (const Json& number : numbers) {
      if (!number.is_number_integer()) wrong();
      state.numbers.push_back(number.get<int64_t>());
    }
    for (size_t j = 0; j < count.get<size_t>(); ++j)
      state.arrays.push_back(load(array_name(layer, j)));
    return state;
  }

  std::filesystem::path file_;
  SafetensorsFile stored_;
};

}  // namespace

void save_sequence(const std::filesystem::path& file, const SequenceCache& sequence,
                   const std::string& fingerprint) {
  std::unordered_map<std::string, array> arrays;
  const std::vector<int32_t>& tokens = sequence.tokens();
  arrays.emplace("tokens", array(tokens.begin(), {ShapeElem(tokens.size())}, int32));
  const SequenceCache compact = sequence.fork(sequence.length());
  const Json layers = description_of(compact.layers(), arrays);
  try {
    save_safetensors(file.string(), std::move(arrays),
                     {{"quern_cache", version}, {"model", fingerprint}, {"layers", layers.dump()}});
  } catch (const std::runtime_error& error) {
    throw ModelError(fmt::format("[cache] {}", error.what()),
                     "Choose a place that can be written to.");
  }
}

SequenceCache load_sequence(const std::filesystem::path& file, Cache empty, int vocab_size,
                            const std::string& fingerprint) {
  const Reader reader(file, fingerprint);
  const std::vector<int32_t> tokens = reader.tokens(vocab_size);
  reader.restore(empty, int(tokens.size()));
  SequenceCache sequence(std::move(empty));
  sequence.append(tokens.data(), int(tokens.size()));
  return sequence;
}

}  // namespace quern::models

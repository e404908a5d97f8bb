#include "models/tokenizer/split_schemes.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "models/tokenizer/format_error.h"
#include "models/tokenizer/json_fields.h"
#include "models/tokenizer/utf8.h"

namespace quern::models {

using nlohmann::json;

namespace {

using Pattern = std::string_view;

// What the patterns are made of.
#define CONTRACTION "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define WORD R"([^\r\n\p{L}\p{N}]?\p{L}+)"
#define SYMBOLS R"( ?[^\s\p{L}\p{N}]+[\r\n]*)"
#define SYMBOLS_AND_SLASHES R"( ?[^\s\p{L}\p{N}]+[\r\n/]*)"
#define SPACES R"(\s*[\r\n]+|\s+(?!\S)|\s+)"
#define CAPITALS R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}])"
#define SMALL R"([\p{Ll}\p{Lm}\p{Lo}\p{M}])"
#define CAPITALISED R"([^\r\n\p{L}\p{N}]?)" CAPITALS "*" SMALL "+"
#define CAPITALISED_FIRST R"([^\r\n\p{L}\p{N}]?)" CAPITALS "+" SMALL "*"
#define NOT_HAN_CAPITALS R"([\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]])"
#define NOT_HAN_SMALL R"([\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]])"

constexpr Pattern gpt2_words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
constexpr Pattern digit = R"(\p{N})";
constexpr Pattern digits = R"(\p{N}+)";
constexpr Pattern three_digits = R"(\p{N}{1,3})";
constexpr Pattern ascii_three_digits = "[0-9][0-9][0-9]";
constexpr Pattern line_ends = R"([\r\n])";
constexpr Pattern punctuation = R"([\p{P}\$\+<=>\^~\|`]+)";
constexpr Pattern old_punctuation = R"([\p{P}\$\+<=>\^~\|]+)";
constexpr Pattern cjk = R"re([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)re";
constexpr Pattern han_and_kana = R"re([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)re";

constexpr Pattern llama3_words = CONTRACTION "|" WORD R"(|\p{N}{1,3}|)" SYMBOLS "|" SPACES;
constexpr Pattern qwen2_words = CONTRACTION "|" WORD R"(|\p{N}|)" SYMBOLS "|" SPACES;
constexpr Pattern tekken_words =
    CAPITALISED "|" CAPITALISED_FIRST R"(|\p{N}|)" SYMBOLS_AND_SLASHES "|" SPACES;
constexpr Pattern gpt4o_words = CAPITALISED CONTRACTION
    "?|" CAPITALISED_FIRST CONTRACTION R"(?|\p{N}{1,3}|)" SYMBOLS_AND_SLASHES "|" SPACES;
constexpr Pattern deepseek_v3_words =
    R"re([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|)re"
    R"re( ?[\p{P}\p{S}]+[\r\n]*|)re" SPACES;

constexpr Pattern gpt2[] = {gpt2_words};
constexpr Pattern starcoder[] = {digit, gpt2_words};
constexpr Pattern falcon[] = {punctuation, gpt2_words, ascii_three_digits};
constexpr Pattern falcon_published[] = {punctuation, gpt2_words, digits, ascii_three_digits};
constexpr Pattern unnamed[] = {old_punctuation, gpt2_words, digits, ascii_three_digits};
constexpr Pattern llama3[] = {llama3_words};
constexpr Pattern qwen2[] = {qwen2_words};
constexpr Pattern qwen35[] = {
    CONTRACTION R"(|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|)" SPACES};
constexpr Pattern ufakzeka[] = {WORD R"(|\p{N}|)" SYMBOLS "|" SPACES};
constexpr Pattern minicpm5[] = {three_digits,
                                CONTRACTION "|" WORD R"(|\p{N}+|)" SYMBOLS "|" SPACES};
constexpr Pattern jais2[] = {
    CONTRACTION "|" WORD R"(|\p{N}{1,3}|)" SYMBOLS
                R"(|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|)"
                R"(\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1})"};
constexpr Pattern laguna[] = {R"([^\n]+|[\n]+)", qwen2_words};
constexpr Pattern seed_coder[] = {CONTRACTION "|" WORD
                                              R"(|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|)" SPACES};
constexpr Pattern bailing[] = {
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|)"
    R"(\s*[\r\n]|\s+(?!\S)|\s+)"};
constexpr Pattern exaone_moe[] = {
    CONTRACTION R"re(|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}|)re"
                R"re( ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+)re"};
constexpr Pattern tekken[] = {tekken_words};
constexpr Pattern gpt4o[] = {gpt4o_words};
constexpr Pattern tiny_aya[] = {R"(\d{1,3}(?=(?:\d{3})*\b))", gpt4o_words};
constexpr Pattern kimi_k2[] = {
    R"([\p{Han}]+|)"
    R"([^\r\n\p{L}\p{N}]?)" NOT_HAN_CAPITALS "*" NOT_HAN_SMALL "+" CONTRACTION
    "?|"
    R"([^\r\n\p{L}\p{N}]?)" NOT_HAN_CAPITALS "+" NOT_HAN_SMALL "*" CONTRACTION
    "?|"
    R"(\p{N}{1,3}|)" SYMBOLS "|" SPACES};
constexpr Pattern superbpe[] = {digits, R"((?=(\d{3})+(?!\d)))"};
constexpr Pattern bloom[] = {R"re( ?[^(\s|[.,!?…。，、।۔،])]+)re"};
constexpr Pattern viking[] = {R"re( ?[^(\s|[.,!?…。，、।۔،])]+)re", digit};
constexpr Pattern deepseek_letters =
    R"re(\s?[A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-)re"
    R"re(\x{293}\x{295}-\x{2AF}\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386})re"
    R"re(\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{48A}-\x{52F}\x)re"
    R"re({531}-\x{556}\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA})re"
    R"re(\x{1CBD}-\x{1CBF}\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-)re"
    R"re(\x{1F15}\x{1F18}-\x{1F1D}\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59})re"
    R"re(\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4}\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-)re"
    R"re(\x{1FC4}\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC}\x{1FF2})re"
    R"re(-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102}\x{2107}\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D})re"
    R"re(\x{2124}\x{2126}\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F}\)re"
    R"re(x{2145}-\x{2149}\x{214E}\x{2183}\x{2184}\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\)re"
    R"re(x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B}\x{A722}-\x{A76F}\x{A771}-\)re"
    R"re(x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17}\x{FF21}-)re"
    R"re(\x{FF3A}\x{FF41}-\x{FF5A}\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x)re"
    R"re({10C80}-\x{10CB2}\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}\x{1E900}-\x{1E943}]+)re";
constexpr Pattern deepseek_llm[] = {
    line_ends,
    deepseek_letters,
    R"re(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)re",
    R"(\s+$)",
    cjk,
    digit};
constexpr Pattern deepseek_coder[] = {line_ends, R"(\s?\p{L}+)", R"(\s?\p{P}+)", cjk, digit};
constexpr Pattern deepseek_v3[] = {three_digits, han_and_kana, deepseek_v3_words};
constexpr Pattern afmoe[] = {
    R"re(\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N})))re",
    R"re([\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{F900}-\x{FAFF}\x{3040}-\x{309F}\x{30A0}-\x{30FF})re"
    R"re(\x{FF65}-\x{FF9F}\x{2F00}-\x{2FDF}\x{E40}-\x{E7F}\x{E80}-\x{EFF}\x{1780}-\x{17FF})re"
    R"re(\x{1000}-\x{109F}\x{AA60}-\x{AA7F}\x{A9E0}-\x{A9FF}\x{AC00}-\x{D7AF}\x{1100}-\x{11FF}]+)re",
    deepseek_v3_words};
constexpr Pattern youtu[] = {
    R"re([\x{AC00}-\x{D7A3}\x{3131}-\x{318E}]+|[\x{FF01}\x{2026}\x{201C}\x{201D}\x{2018}\x{2019})re"
    R"re(\x{2014}\x{FF1A}\x{FF1B}\x{FF0C}\x{3001}-\x{303F}\x{FE30}-\x{FE4F}]+|)re"
    R"re([\x{3105}-\x{312F}]+|[\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)re",
    CAPITALISED CONTRACTION "?|" CAPITALISED_FIRST CONTRACTION R"(?|\p{N}|)" SYMBOLS_AND_SLASHES
                            "|" SPACES};
constexpr Pattern chameleon[] = {"<sentinel:[0-9]+>",       "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z",
                                 R"([\t\n]|    |  )",       digit,
                                 R"([\p{P}!-/:-@\[-`{-~])", gpt2_words};

#undef CONTRACTION
#undef WORD
#undef SYMBOLS
#undef SYMBOLS_AND_SLASHES
#undef SPACES
#undef CAPITALS
#undef SMALL
#undef CAPITALISED
#undef CAPITALISED_FIRST
#undef NOT_HAN_CAPITALS
#undef NOT_HAN_SMALL

constexpr SplitScheme schemes[] = {
    {.name = "gpt-2", .patterns = gpt2},
    {.name = "llama-bpe", .patterns = llama3, .ignore_merges = true, .adds_bos = true},
    {.name = "qwen2", .patterns = qwen2, .nfc = true},
    {.name = "deepseek-r1-qwen", .patterns = qwen2},
    {.name = "qwen35", .patterns = qwen35, .nfc = true},
    {.name = "deepseek-llm", .patterns = deepseek_llm},
    {.name = "deepseek-coder", .patterns = deepseek_coder},
    {.name = "deepseek-v3", .patterns = deepseek_v3},
    {.name = "starcoder", .patterns = starcoder},
    {.name = "falcon", .patterns = falcon},
    {.name = "falcon", .patterns = falcon_published},
    {.name = "chatglm-bpe", .patterns = llama3},
    {.name = "tekken", .patterns = tekken, .ignore_merges = true, .adds_bos = true},
    {.name = "gpt-4o", .patterns = gpt4o},
    {.name = "mpt", .patterns = gpt2, .nfc = true},
    {.name = "kimi-k2", .patterns = kimi_k2, .ignore_merges = true},
    {.name = "superbpe", .patterns = superbpe},
    {.name = "bloom", .patterns = bloom},
    {.name = "viking", .patterns = viking},
    {.name = "tiny_aya", .patterns = tiny_aya},
    {.name = "bailingmoe", .patterns = bailing},
    {.name = "seed-coder", .patterns = seed_coder},
    {.name = "exaone-moe", .patterns = exaone_moe},
    {.name = "minicpm5", .patterns = minicpm5, .ignore_merges = true},
    {.name = "jais-2", .patterns = jais2},
    {.name = "laguna", .patterns = laguna},
    {.name = "ufakzeka", .patterns = ufakzeka},
    {.name = "afmoe", .patterns = afmoe},
    {.name = "youtu", .patterns = youtu, .ignore_merges = true},
    {.name = "chameleon", .patterns = chameleon, .adds_bos = true},
    {.name = "default", .patterns = unnamed},
    {.name = "granite-embed-multi-97m", .patterns = gpt4o, .ignore_merges = true},
    {.name = "stablelm2", .patterns = qwen2, .nfc = true},
    {.name = "hunyuan", .patterns = qwen2},
    {.name = "megrez", .patterns = qwen2},
    {.name = "grok-2", .patterns = qwen2},
    {.name = "solar-open", .patterns = qwen2},
    {.name = "kormo", .patterns = qwen2},
    {.name = "f2llmv2", .patterns = qwen2},
    {.name = "llama3", .patterns = llama3, .ignore_merges = true, .adds_bos = true},
    {.name = "llama-v3", .patterns = llama3, .ignore_merges = true, .adds_bos = true},
    {.name = "falcon3", .patterns = llama3, .ignore_merges = true, .adds_bos = true},
    {.name = "falcon-h1", .patterns = llama3, .ignore_merges = true, .adds_bos = true},
    {.name = "pixtral", .patterns = llama3, .ignore_merges = true, .adds_bos = true},
    {.name = "midm-2.0", .patterns = llama3, .ignore_merges = true, .adds_bos = true},
    {.name = "lfm2", .patterns = llama3, .ignore_merges = true, .adds_bos = true},
    {.name = "jina-v5-nano", .patterns = llama3, .ignore_merges = true, .adds_bos = true},
    {.name = "dbrx", .patterns = llama3},
    {.name = "smaug-bpe", .patterns = llama3},
    {.name = "glm4", .patterns = llama3},
    {.name = "hunyuan-dense", .patterns = deepseek_v3},
    {.name = "joyai-llm", .patterns = deepseek_v3},
    {.name = "hy_v4", .patterns = deepseek_v3},
    {.name = "refact", .patterns = starcoder},
    {.name = "command-r", .patterns = starcoder},
    {.name = "smollm", .patterns = starcoder},
    {.name = "codeshell", .patterns = starcoder},
    {.name = "exaone", .patterns = starcoder},
    {.name = "minerva-7b", .patterns = starcoder},
    {.name = "mellum2", .patterns = starcoder},
    {.name = "olmo", .patterns = gpt2, .nfc = true},
    {.name = "phi-2", .patterns = gpt2},
    {.name = "jina-es", .patterns = gpt2},
    {.name = "jina-de", .patterns = gpt2},
    {.name = "jina-v1-en", .patterns = gpt2},
    {.name = "jina-v2-es", .patterns = gpt2},
    {.name = "jina-v2-de", .patterns = gpt2},
    {.name = "jina-v2-code", .patterns = gpt2},
    {.name = "gigachat", .patterns = gpt2},
    {.name = "a.x-4.0", .patterns = gpt2},
    {.name = "mellum", .patterns = gpt2},
    {.name = "modern-bert", .patterns = gpt2},
    {.name = "roberta-bpe", .patterns = gpt2},
    {.name = "jais", .patterns = gpt2},
    {.name = "trillion", .patterns = gpt2},
    {.name = "granite-docling", .patterns = gpt2},
    {.name = "exaone4", .patterns = gpt2},
    {.name = "poro-chat", .patterns = bloom},
    {.name = "gpt3-finnish", .patterns = bloom},
    {.name = "bailingmoe2", .patterns = bailing},
    {.name = "llada-moe", .patterns = bailing},
    {.name = "llama4", .patterns = gpt4o},
    {.name = "kanana2", .patterns = gpt4o},
    {.name = "talkie", .patterns = gpt4o},
    {.name = "minimax-m2", .patterns = gpt4o},
    {.name = "cohere2moe", .patterns = tiny_aya},
};

/// One spelling for patterns that mean the same: invisible and non-ASCII characters as escapes.
std::string canonical(std::string_view pattern) {
  std::string out;
  for (size_t i = 0; i < pattern.size();) {
    char32_t c = next_code_point(pattern, i);
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c < 0x80) {
      out += static_cast<char>(c);
    } else {
      out += fmt::format("\\x{{{:X}}}", static_cast<uint32_t>(c));
    }
  }
  return out;
}

bool same_patterns(const std::vector<std::string>& a, std::span<const std::string_view> b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(),
      [](std::string_view x, std::string_view y) { return canonical(x) == canonical(y); });
}

[[noreturn]] void refuse(const json& component) {
  throw FormatError(
      fmt::format("GGUF has no name for the pre-tokenizer {}", in_quotes(component.dump())),
      "Keep this model in the Hugging Face layout.");
}

/// Appends the patterns of one component; true when it ends in the byte alphabet.
bool append_patterns(const json& component, std::vector<std::string>& patterns) {
  std::string type = string_field(component, "type", "a pre-tokenizer");
  if (type == "Sequence") {
    bool bytes = false;
    for (const json& step : array_field(component, "pretokenizers", "pre-tokenizer Sequence")) {
      bytes = append_patterns(step, patterns) || bytes;
    }
    return bytes;
  }
  const std::string where = "pre-tokenizer " + type;
  if (type == "ByteLevel") {
    if (bool_field(component, "add_prefix_space", where, true)) refuse(component);
    if (bool_field(component, "use_regex", where, true)) patterns.emplace_back(gpt2_words);
    return true;
  }
  if (type == "Digits") {
    patterns.emplace_back(bool_field(component, "individual_digits", where, false) ? digit
                                                                                   : digits);
    return false;
  }
  if (type == "Punctuation" && string_field(component, "behavior", where, "") == "Contiguous") {
    patterns.emplace_back(punctuation);
    return false;
  }
  const json* pattern = type == "Split" ? find_field(component, "pattern", where) : nullptr;
  std::string behavior = string_field(component, "behavior", where, "Isolated");
  bool inverted = bool_field(component, "invert", where, false);
  // Patterns that leave nothing out are also written as "remove what does not match".
  bool divides = behavior == "Isolated" || (behavior == "Removed" && inverted);
  if (!pattern || !find_field(*pattern, "Regex", where) || !divides) refuse(component);
  patterns.push_back(string_field(*pattern, "Regex", where));
  return false;
}

}  // namespace

std::span<const SplitScheme> split_schemes() { return schemes; }

const SplitScheme* find_split_scheme(std::string_view name) {
  auto found = std::find_if(std::begin(schemes), std::end(schemes),
                            [&](const SplitScheme& scheme) { return scheme.name == name; });
  return found == std::end(schemes) ? nullptr : found;
}

const SplitScheme* find_split_scheme(const std::vector<std::string>& patterns, bool ignore_merges,
                                     bool nfc) {
  auto found = std::find_if(std::begin(schemes), std::end(schemes), [&](const SplitScheme& scheme) {
    return scheme.ignore_merges == ignore_merges && scheme.nfc == nfc &&
           same_patterns(patterns, scheme.patterns);
  });
  return found == std::end(schemes) ? nullptr : found;
}

json pre_tokenizer_of(const SplitScheme& scheme) {
  json steps = json::array();
  for (std::string_view pattern : scheme.patterns) {
    steps.push_back({{"type", "Split"},
                     {"pattern", {{"Regex", pattern}}},
                     {"behavior", "Isolated"},
                     {"invert", false}});
  }
  steps.push_back({{"type", "ByteLevel"},
                   {"add_prefix_space", false},
                   {"trim_offsets", false},
                   {"use_regex", false}});
  return {{"type", "Sequence"}, {"pretokenizers", steps}};
}

std::vector<std::string> patterns_of(const json& pre_tokenizer) {
  std::vector<std::string> patterns;
  if (!append_patterns(pre_tokenizer, patterns)) refuse(pre_tokenizer);
  return patterns;
}

}  // namespace quern::models

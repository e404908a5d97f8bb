#include "models/prompt/jinja/objects.h"

#include "models/prompt/jinja/operators.h"
#include "models/prompt/jinja/work.h"

namespace quern::models::jinja {
namespace {

/// Up to here a search through the entries is faster than a table.
constexpr size_t small_dict = 16;

/// Equal keys, and only those, have the same text.
void append_key(std::string& out, const Value& key, int nesting) {
  if (nesting > maximum_nesting) throw Failure("a dict key is nested too deeply");
  charge(8);
  switch (key.kind()) {
    case Kind::undefined:
      out += 'u';
      return;
    case Kind::none:
      out += 'n';
      return;
    case Kind::boolean:
    case Kind::integer:
      out += fmt::format("i{}", key.integer());
      return;
    case Kind::floating: {
      const double number = key.number();
      const bool whole =
          number >= -0x1p63 && number < 0x1p63 && number == static_cast<int64_t>(number);
      out += whole ? fmt::format("i{}", static_cast<int64_t>(number)) : fmt::format("f{}", number);
      return;
    }
    case Kind::string:
      charge(key.string().size());
      out += fmt::format("s{}:{}", key.string().size(), key.string());
      return;
    case Kind::tuple:
      out += '(';
      if (out.size() > (1u << 20)) throw Failure("a dict key is too large");
      for (const Value& item : *key.sequence()) append_key(out, item, nesting + 1);
      out += ')';
      return;
    case Kind::list:
    case Kind::dict:
    case Kind::dict_view:
      throw Failure("unhashable type: '{}'", key.type_name());
    case Kind::range: {
      const auto& range = *static_cast<Range*>(key.object());
      out += fmt::format("r{}:{}:{}", range.size(), range.size() > 0 ? range.start : 0,
                         range.size() > 1 ? range.step : 0);
      return;
    }
    case Kind::iterator:
    case Kind::name_space:
    case Kind::callable:
    case Kind::opaque:
      out += fmt::format("o{}", static_cast<const void*>(key.object()));
      return;
  }
}

std::string key_text(const Value& key) {
  std::string text;
  append_key(text, key, 0);
  return text;
}

bool same_key(const Value& a, const Value& b) {
  if (a.is_string() || b.is_string())
    return a.is_string() && b.is_string() && same_text(a.string(), b.string());
  return equal(a, b);
}

}  // namespace

std::optional<Value> Group::attribute(Runtime&, std::string_view name) {
  if (name == "grouper") return items[0];
  if (name == "list") return items[1];
  return std::nullopt;
}

std::optional<size_t> Dict::position(const Value& key) const {
  if (entries_.size() <= small_dict) {
    if (!key.is_string()) key_text(key);  // refuses what cannot be a key
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (same_key(entries_[i].first, key)) return i;
    }
    return std::nullopt;
  }
  if (index_.empty()) {
    for (size_t i = 0; i < entries_.size(); ++i) index_.emplace(key_text(entries_[i].first), i);
  }
  const auto found = index_.find(key_text(key));
  if (found == index_.end()) return std::nullopt;
  return found->second;
}

const Value* Dict::find(const Value& key) const {
  const auto at = position(key);
  return at ? &entries_[*at].second : nullptr;
}

const Value* Dict::find_name(std::string_view name) const {
  if (entries_.size() > small_dict) return find(name);
  for (const auto& [key, value] : entries_) {
    if (key.is_string() && key.string() == name) return &value;
  }
  return nullptr;
}

void Dict::set(const Value& key, Value value) {
  if (const auto at = position(key)) {
    entries_[*at].second = std::move(value);
    return;
  }
  if (!index_.empty()) index_.emplace(key_text(key), entries_.size());
  entries_.emplace_back(key, std::move(value));
}

bool Dict::erase(const Value& key) {
  const auto at = position(key);
  if (!at) return false;
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(*at));
  index_.clear();
  return true;
}

void Dict::clear() {
  entries_.clear();
  index_.clear();
}

std::string DictView::type_name() const {
  constexpr const char* names[] = {"dict_keys", "dict_values", "dict_items"};
  return names[static_cast<int>(part)];
}

int64_t Range::size() const {
  // In unsigned arithmetic the distance of any two integers fits.
  const auto low = static_cast<uint64_t>(step > 0 ? start : stop);
  const auto high = static_cast<uint64_t>(step > 0 ? stop : start);
  if (step > 0 ? start >= stop : start <= stop) return 0;
  const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
  return static_cast<int64_t>((high - low - 1) / stride + 1);
}

std::optional<Value> Namespace::attribute(Runtime&, std::string_view name) {
  const Value* found = attributes->find_name(name);
  return found ? std::optional(*found) : std::nullopt;
}

}  // namespace quern::models::jinja

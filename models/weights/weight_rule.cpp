#include "models/weights/weight_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/ops/shape.h"
#include "models/error.h"

namespace quern::models {

namespace {

constexpr const char* advice = "The download is damaged or incomplete: download it again.";

/// Where `part` stands in a dotted name, whole parts only.
std::optional<size_t> find_part(const std::string& name, const std::string& part) {
  for (size_t at = name.find(part); at != std::string::npos; at = name.find(part, at + 1)) {
    const size_t end = at + part.size();
    const bool begins = at == 0 || name[at - 1] == '.';
    if (begins && (end == name.size() || name[end] == '.')) return at;
  }
  return std::nullopt;
}

void set(Weights& weights, const std::string& name, array value) {
  const auto [it, added] = weights.emplace(name, value);
  if (!added) {
    throw ModelError(fmt::format("[weights] {} is there twice, under two names", name), advice);
  }
}

/// Where a rule's part of a name must stand.
struct Pattern {
  explicit Pattern(std::string text)
      : begins(text.starts_with('^')), ends(text.ends_with('$')), part(std::move(text)) {
    if (begins) part.erase(0, 1);
    if (ends) part.pop_back();
  }

  std::optional<size_t> find_in(const std::string& name) const {
    const auto at = find_part(name, part);
    if (!at || (begins && *at != 0) || (ends && *at + part.size() != name.size())) return {};
    return at;
  }
  /// The same for what stands there afterwards.
  Pattern with(const std::string& other) const {
    Pattern copy = *this;
    copy.part = other;
    return copy;
  }

  bool begins, ends;
  std::string part;
};

void rename_parts(Weights& weights, const Pattern& from, const std::string& to) {
  std::vector<std::string> found;
  for (const auto& [name, value] : weights) {
    if (from.find_in(name)) found.push_back(name);
  }
  for (const std::string& name : found) {
    const size_t at = *from.find_in(name);
    std::string rest = name.substr(at + from.part.size());
    std::string head = name.substr(0, at);
    if (to.empty() && rest.starts_with('.')) rest.erase(0, 1);
    auto node = weights.extract(name);
    set(weights, head + to + rest, node.mapped());
  }
}

/// "P.PART.REST" as its three parts.
struct Place {
  std::string before, after;  // with their dots
};

std::optional<Place> split_at(const std::string& name, const std::string& part) {
  const auto at = find_part(name, part);
  if (!at) return std::nullopt;
  return Place{name.substr(0, *at), name.substr(*at + part.size())};
}

void stack(Weights& weights, const std::string& experts, const std::string& stacked,
           const std::string& from, const std::string& to) {
  // The first expert of each group leads to the others.
  std::vector<std::pair<Place, std::string>> groups;
  const std::string first = experts + ".0." + from;
  for (const auto& [name, value] : weights) {
    if (const auto place = split_at(name, first)) groups.emplace_back(*place, name);
  }
  for (const auto& [place, name] : groups) {
    std::vector<array> parts;
    for (int e = 0;; ++e) {
      auto node =
          weights.extract(fmt::format("{}{}.{}.{}{}", place.before, experts, e, from, place.after));
      if (node.empty()) break;
      if (!parts.empty() && node.mapped().shape() != parts[0].shape()) {
        throw ModelError(
            fmt::format("[weights] {} has the shape {}, but that of expert 0 is {}", node.key(),
                        to_string(node.mapped().shape()), to_string(parts[0].shape())),
            advice);
      }
      parts.push_back(node.mapped());
    }
    set(weights, place.before + stacked + "." + to + place.after, quern::stack(parts, 0));
  }
}

void unstack(Weights& weights, const std::string& experts, const std::string& stacked,
             const std::string& from, const std::string& to) {
  std::vector<std::pair<Place, std::string>> groups;
  for (const auto& [name, value] : weights) {
    if (const auto place = split_at(name, stacked + "." + to)) groups.emplace_back(*place, name);
  }
  for (const auto& [place, name] : groups) {
    const auto node = weights.extract(name);
    const array& all = node.mapped();
    for (int e = 0; e < all.shape(0); ++e) {
      Shape begin(all.ndim(), 0), end = all.shape();
      begin[0] = e;
      end[0] = e + 1;
      set(weights, fmt::format("{}{}.{}.{}{}", place.before, experts, e, from, place.after),
          squeeze(slice(all, begin, end), 0));
    }
  }
}

array part_of(const array& fused, int axis, size_t index, size_t count, bool interleaved,
              const std::string& name) {
  const int size = fused.shape(axis);
  if (size % int(count) != 0) {
    throw ModelError(fmt::format("[weights] {} has the shape {}, which cannot be cut into {} parts",
                                 name, to_string(fused.shape()), count),
                     advice);
  }
  Shape begin(fused.ndim(), 0), end = fused.shape(), steps(fused.ndim(), 1);
  const auto a = size_t(axis);
  if (interleaved) {
    begin[a] = int(index);
    steps[a] = int(count);
  } else {
    begin[a] = size / int(count) * int(index);
    end[a] = begin[a] + size / int(count);
  }
  return slice(fused, begin, end, steps);
}

/// A bias has one axis less than its weight, a scale as many.
int axis_of(const array& tensor, const std::string& rest, int axis) {
  const int ndim = int(tensor.ndim()) + (rest == ".bias" ? 1 : 0);
  return axis < 0 ? ndim + axis : axis;
}

void split(Weights& weights, const std::string& fused, const std::vector<std::string>& names,
           int axis, bool interleaved) {
  std::vector<std::pair<Place, std::string>> found;
  for (const auto& [name, value] : weights) {
    if (const auto place = split_at(name, fused)) found.emplace_back(*place, name);
  }
  for (const auto& [place, name] : found) {
    const auto node = weights.extract(name);
    const int cut = axis_of(node.mapped(), place.after, axis);
    if (cut < 0 || size_t(cut) >= node.mapped().ndim()) {
      throw ModelError(fmt::format("[weights] {} has the shape {}, too few axes to be cut", name,
                                   to_string(node.mapped().shape())),
                       advice);
    }
    for (size_t i = 0; i < names.size(); ++i) {
      set(weights, place.before + names[i] + place.after,
          part_of(node.mapped(), cut, i, names.size(), interleaved, name));
    }
  }
}

void join(Weights& weights, const std::string& fused, const std::vector<std::string>& names,
          int axis, bool interleaved) {
  std::vector<std::pair<Place, std::string>> found;
  for (const auto& [name, value] : weights) {
    if (const auto place = split_at(name, names[0])) found.emplace_back(*place, name);
  }
  for (const auto& [place, first] : found) {
    std::vector<array> parts;
    for (const std::string& name : names) {
      const auto it = weights.find(place.before + name + place.after);
      if (it != weights.end()) parts.push_back(it->second);
    }
    if (parts.size() != names.size()) continue;
    for (const std::string& name : names) weights.erase(place.before + name + place.after);
    const int at = axis_of(parts[0], place.after, axis);
    array joined =
        interleaved ? flatten(quern::stack(parts, at + 1), at, at + 1) : concatenate(parts, at);
    set(weights, place.before + fused + place.after, joined);
  }
}

void change(Weights& weights, const std::string& ending,
            const std::function<array(const array&)>& f) {
  for (auto& [name, value] : weights) {
    if (name.ends_with(ending)) value = f(value);
  }
}

}  // namespace

size_t nbytes(const Weights& weights) {
  size_t sum = 0;
  for (const auto& [name, value] : weights) sum += value.nbytes();
  return sum;
}

WeightRule renames(std::string from, std::string to) {
  const Pattern pattern(std::move(from));
  WeightRule rule{[=](Weights& w) { rename_parts(w, pattern, to); }, {}};
  if (!to.empty()) {
    rule.to_published = [=, back = pattern.with(to)](Weights& w) {
      rename_parts(w, back, pattern.part);
    };
  }
  return rule;
}

WeightRule drops(std::string part) {
  return {[part](Weights& w) {
            std::erase_if(
                w, [&](const auto& entry) { return find_part(entry.first, part).has_value(); });
          },
          {}};
}

WeightRule drops_layers_from(int count, std::string layers) {
  return {[count, prefix = layers + "."](Weights& w) {
            std::erase_if(w, [&](const auto& entry) {
              const std::string& name = entry.first;
              if (!name.starts_with(prefix)) return false;
              int number = -1;
              const char* digits = name.data() + prefix.size();
              const auto [end, error] = std::from_chars(digits, name.data() + name.size(), number);
              return error == std::errc() && *end == '.' && number >= count;
            });
          },
          {}};
}

WeightRule stacks_experts(std::string experts, std::string stacked,
                          std::vector<std::pair<std::string, std::string>> names) {
  const auto each = [experts, stacked, names](auto function) {
    return [=](Weights& w) {
      for (const auto& name : names) function(w, experts, stacked, name.first, name.second);
    };
  };
  return {each(stack), each(unstack)};
}

WeightRule splits(std::string fused, std::vector<std::string> names, int axis, bool interleaved) {
  return {[=](Weights& w) { split(w, fused, names, axis, interleaved); },
          [=](Weights& w) { join(w, fused, names, axis, interleaved); }};
}

WeightRule changes(std::string ending, std::function<array(const array&)> to_decoder,
                   std::function<array(const array&)> to_published) {
  WeightRule rule{[=](Weights& w) { change(w, ending, to_decoder); }, {}};
  if (to_published) rule.to_published = [=](Weights& w) { change(w, ending, to_published); };
  return rule;
}

void to_decoder(const WeightRules& rules, Weights& weights) {
  for (const WeightRule& rule : rules) rule.to_decoder(weights);
}

void to_published(const WeightRules& rules, Weights& weights) {
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    if (rule->to_published) rule->to_published(weights);
  }
}

}  // namespace quern::models

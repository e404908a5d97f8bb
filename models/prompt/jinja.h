#pragma once

#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "models/error.h"

namespace quern::models {

namespace jinja {
struct Template;
}

/// A template that cannot be parsed or rendered: `[template] line N: ...`. What a template passes
/// to raise_exception stands in the text word for word.
class TemplateError : public ModelError {
 public:
  using ModelError::ModelError;
};

/// A Jinja template as chat templates are written: Jinja2's language and Python's semantics, with
/// trim_blocks and lstrip_blocks on, autoescaping off, the loop controls, `do` and `generation`
/// blocks, raise_exception, strftime_now and a tojson that does not escape HTML.
///
/// Left out are the statements that need other files (include, import, extends, block), escaping
/// (`safe` changes nothing, `escape` gives a plain string) and integers beyond 64 bits, which
/// raise.
///
/// A value: copying shares the parsed template. Any thread may render, several at once.
class JinjaTemplate {
 public:
  struct Options {
    /// What strftime_now formats; the local time when absent.
    std::optional<std::tm> now;
  };

  /// Throws TemplateError where the source is not a template.
  static JinjaTemplate parse(std::string_view source);

  /// `variables` is an object (or null: none). Throws TemplateError when the template raises, when
  /// an operation has no meaning (an attribute of an undefined value, a list plus a string, ...),
  /// and when the rendering passes a bound on time, memory or depth, so that no template can hang.
  std::string render(const nlohmann::ordered_json& variables, const Options& options = {}) const;

  /// Whether the template anywhere reads a variable of this name.
  bool reads(std::string_view variable) const;

 private:
  explicit JinjaTemplate(std::shared_ptr<const jinja::Template> parsed);

  std::shared_ptr<const jinja::Template> template_;
};

}  // namespace quern::models

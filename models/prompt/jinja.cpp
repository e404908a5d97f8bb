#include "models/prompt/jinja.h"

#include <fmt/format.h>

#include "models/prompt/jinja/evaluator.h"
#include "models/prompt/jinja/json_values.h"
#include "models/prompt/jinja/parser.h"

namespace quern::models {
namespace {

TemplateError error_at(int line, const std::exception& failure) {
  return TemplateError(fmt::format("[template] line {}: {}", line, failure.what()));
}

std::tm local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  return local;
}

}  // namespace

JinjaTemplate::JinjaTemplate(std::shared_ptr<const jinja::Template> parsed)
    : template_(std::move(parsed)) {}

JinjaTemplate JinjaTemplate::parse(std::string_view source) {
  try {
    return JinjaTemplate(std::make_shared<const jinja::Template>(jinja::parse_template(source)));
  } catch (const jinja::SyntaxFailure& failure) {
    throw error_at(failure.line, failure);
  }
}

std::string JinjaTemplate::render(const nlohmann::ordered_json& variables,
                                  const Options& options) const {
  if (!variables.is_null() && !variables.is_object()) {
    throw TemplateError(
        fmt::format("[template] the variables must be an object, not {}", variables.type_name()));
  }
  jinja::Evaluator evaluator(options.now ? *options.now : local_time());
  try {
    for (const auto& [name, value] : variables.items()) {
      evaluator.set_variable(name, jinja::value_of_json(evaluator, value));
    }
    return evaluator.render(*template_);
  } catch (const jinja::Failure& failure) {
    throw error_at(evaluator.line(), failure);
  }
}

bool JinjaTemplate::reads(std::string_view variable) const {
  return template_->names.contains(variable);
}

}  // namespace quern::models

#pragma once

#include <initializer_list>
#include <string_view>

#include "models/prompt/jinja/ast.h"
#include "models/prompt/jinja/token_stream.h"

namespace quern::models::jinja {

/// Reads expressions, with Jinja2's precedence: conditional, or, and, not, comparison, + -, ~,
/// * / // %, **, sign, then calls, subscripts, filters and tests. Throws SyntaxFailure.
class ExpressionParser {
 public:
  /// Names that an expression reads are added to `names`.
  ExpressionParser(TokenStream& tokens, std::set<std::string, std::less<>>& names)
      : tokens_(tokens), names_(names) {}

  ExpressionPointer expression(bool conditional = true);
  /// An expression, or several with commas: a tuple. `end` is a name that may follow a last comma.
  ExpressionPointer tuple(bool conditional = true, std::string_view end = {});
  /// What stands left of `=` or of a loop's `in`.
  ast::Target target(std::string_view end, bool with_namespace);
  /// A target that cannot be a tuple without parentheses.
  ast::Target single_target(bool with_namespace);
  std::string target_name();
  /// A literal, a name or something in parentheses, with what may follow it, but no filter.
  ExpressionPointer operand();
  /// `name(arguments)|name ...` around `subject`, which may be null; the first `|` is already read.
  ExpressionPointer filters(ExpressionPointer subject);

 private:
  ExpressionPointer disjunction();
  ExpressionPointer conjunction();
  ExpressionPointer negation();
  ExpressionPointer comparison();
  ExpressionPointer sum();
  ExpressionPointer concatenation();
  ExpressionPointer product();
  ExpressionPointer power();
  ExpressionPointer unary(bool with_filters);
  ExpressionPointer primary();
  ExpressionPointer name_or_constant();
  ExpressionPointer list();
  ExpressionPointer dict();
  ExpressionPointer postfix(ExpressionPointer object);
  ExpressionPointer filters_and_tests(ExpressionPointer subject);
  ExpressionPointer one_filter(ExpressionPointer subject);
  ExpressionPointer test(ExpressionPointer subject);
  ExpressionPointer attribute(ExpressionPointer object);
  ExpressionPointer subscript(ExpressionPointer object);
  ExpressionPointer optional_bound();
  ast::CallArguments arguments();
  std::string dotted_name();
  bool at_tuple_end(std::string_view end) const;

  TokenStream& tokens_;
  std::set<std::string, std::less<>>& names_;
  int nesting_ = 0;
};

}  // namespace quern::models::jinja

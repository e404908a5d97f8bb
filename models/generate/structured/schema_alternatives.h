#pragma once

#include <string>
#include <vector>

#include "models/generate/structured/schema_keywords.h"

namespace quern::models::structured {

/// A JSON schema with what its references name.
class SchemaDocument {
 public:
  explicit SchemaDocument(Json root) : root_(std::move(root)) {}

  const Json& root() const { return root_; }
  /// What "#", "#/$defs/NAME" or any other pointer into the document names. Throws ModelError where
  /// that is nothing or lies elsewhere.
  const Json& resolve(const std::string& reference, const std::string& path) const;

  /// Schemas without $ref, anyOf, oneOf and allOf at their top, so that what meets the given schema
  /// meets one of these and the other way round. Throws ModelError where these would be too many,
  /// a schema refers to itself without end, or two alternatives of a oneOf may hold at once.
  std::vector<Json> expand(const Json& schema, const std::string& path) const;

  /// Throws ModelError unless no value that is generated for one of the schemas meets another.
  void require_exclusive(const Json& alternatives, const std::string& path) const;

 private:
  enum class Checks { exclusive, none };

  std::vector<Json> expand(const Json& schema, const std::string& path, Checks checks,
                           int depth) const;
  std::vector<Json> expand_any(const Json& schemas, const std::string& path, Checks checks,
                               int depth) const;
  /// Whether nothing that is generated for `made` meets `other`.
  bool never_meets(const Json& made, const Json& other, const std::string& path) const;
  bool objects_never_meet(const Json& made, const Json& other, const std::string& path) const;

  Json root_;
};

}  // namespace quern::models::structured

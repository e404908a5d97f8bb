#include "models/prompt/jinja/value.h"

#include "models/prompt/jinja/objects.h"

namespace quern::models::jinja {

Value::Value(Object* object) : kind_(object->kind()), object_(object) {}

Value Value::undefined(std::string reason) {
  Value value(std::move(reason));
  value.kind_ = Kind::undefined;
  return value;
}

Value Value::none() {
  Value value;
  value.kind_ = Kind::none;
  return value;
}

std::string Value::type_name() const {
  if (const Object* held = object()) return held->type_name();
  constexpr const char* names[] = {"Undefined", "NoneType", "bool", "int", "float", "str"};
  return names[static_cast<int>(kind_)];
}

List* Value::list() const { return kind_ == Kind::list ? static_cast<List*>(object()) : nullptr; }
Tuple* Value::tuple() const {
  return kind_ == Kind::tuple ? static_cast<Tuple*>(object()) : nullptr;
}
Dict* Value::dict() const { return kind_ == Kind::dict ? static_cast<Dict*>(object()) : nullptr; }

const std::vector<Value>* Value::sequence() const {
  if (const List* items = list()) return &items->items;
  if (const Tuple* items = tuple()) return &items->items;
  return nullptr;
}

bool Value::truth() const {
  switch (kind_) {
    case Kind::undefined:
    case Kind::none:
      return false;
    case Kind::boolean:
      return boolean();
    case Kind::integer:
      return integer() != 0;
    case Kind::floating:
      return number() != 0;
    case Kind::string:
      return !string().empty();
    case Kind::list:
    case Kind::tuple:
      return !sequence()->empty();
    case Kind::dict:
      return dict()->size() > 0;
    case Kind::dict_view:
      return static_cast<DictView*>(object())->dict->size() > 0;
    case Kind::range:
      return static_cast<Range*>(object())->size() > 0;
    case Kind::iterator:
    case Kind::name_space:
    case Kind::callable:
    case Kind::opaque:
      return true;
  }
  return true;
}

void Value::require_defined() const {
  if (is_undefined()) throw Failure(text_ ? *text_ : "the value is undefined");
}

}  // namespace quern::models::jinja

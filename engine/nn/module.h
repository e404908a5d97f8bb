#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/array/array.h"

/// Neural networks: modules with named parameters, and the layers made of them. Names, defaults and
/// the parameters' names and shapes are those of MLX's Python package mlx.nn, so that each can read
/// the other's weights.
namespace quern::nn {

/// Arrays by their dotted names in a tree of modules: "layers.0.weight".
using Parameters = std::map<std::string, array>;

/// The arrays in the order of their names, and the same names with other arrays: what a transform
/// or compile() wants of a Parameters. Throws std::invalid_argument when the numbers differ.
Arrays values_of(const Parameters& parameters);
Parameters with_values(const Parameters& names, const Arrays& values);

class Module;

/// An array that belongs to a module under a name: declare it as a member, and construct it with
/// the module it belongs to. It is an array in all else; assigning replaces what it refers to.
///
///     Parameter weight{*this, "weight", zeros({out, in})};
///     std::optional<Parameter> bias;   // ... bias.emplace(*this, "bias", zeros({out}));
///
/// A name that starts with "_" makes it state that is no parameter.
class Parameter : public array {
 public:
  enum class Role {
    trainable,
    fixed,  ///< a parameter that unfreeze leaves alone: packed weights, running statistics
  };

  /// Throws std::invalid_argument when the owner has that name already.
  Parameter(Module& owner, std::string name, array value, Role role = Role::trainable);
  ~Parameter();
  Parameter(const Parameter&) = delete;
  Parameter& operator=(const Parameter& other);
  Parameter& operator=(const array& value);

 private:
  Module* owner_;
};

/// A place in the tree that holds a module; see Child.
class ChildSlot {
 public:
  ChildSlot(Module& owner, std::string name);
  ChildSlot(const ChildSlot&) = delete;
  ChildSlot& operator=(const ChildSlot&) = delete;

  virtual Module& module() const = 0;
  /// Throws std::invalid_argument, naming the slot, for a module that is not of the slot's type.
  virtual void replace(std::shared_ptr<Module> module) = 0;

 protected:
  virtual ~ChildSlot();
  [[noreturn]] void refuse() const;

 private:
  Module* owner_;
  std::string name_;
};

/// A module that belongs to another one under a name: declare it as a member. T is what the owner
/// needs of it, so that another kind may take its place: a slot of type Layer that is made with a
/// Linear can be quantized.
///
///     Child<Layer> up{*this, "up", std::make_shared<Linear>(64, 128)};
///     ... up(x), up->training()
template <typename T>
class Child final : public ChildSlot {
 public:
  Child(Module& owner, std::string name, std::shared_ptr<T> module)
      : ChildSlot(owner, std::move(name)), module_(std::move(module)) {
    if (!module_) refuse();
  }

  T& operator*() const { return *module_; }
  T* operator->() const { return module_.get(); }
  const std::shared_ptr<T>& shared() const { return module_; }
  template <typename... Args>
  decltype(auto) operator()(Args&&... args) const {
    return (*module_)(std::forward<Args>(args)...);
  }

  Module& module() const override { return *module_; }
  void replace(std::shared_ptr<Module> module) override {
    auto fitting = std::dynamic_pointer_cast<T>(std::move(module));
    if (!fitting) refuse();
    module_ = std::move(fitting);
  }

 private:
  std::shared_ptr<T> module_;
};

/// A list of children, named "NAME.0", "NAME.1", ....
template <typename T>
class Children {
 public:
  Children(Module& owner, std::string name) : owner_(&owner), name_(std::move(name)) {}

  void push_back(std::shared_ptr<T> module) {
    slots_.emplace_back(*owner_, name_ + "." + std::to_string(slots_.size()), std::move(module));
  }
  size_t size() const { return slots_.size(); }
  T& operator[](size_t i) const { return *slots_[i]; }
  auto begin() const { return slots_.begin(); }
  auto end() const { return slots_.end(); }

 private:
  Module* owner_;
  std::string name_;
  std::deque<Child<T>> slots_;
};

/// Modules by dotted name, owners before what they own, in the order of their construction. They
/// live as long as their places in the tree hold them; shared_from_this() keeps one longer.
using NamedModules = std::vector<std::pair<std::string, Module*>>;

/// A node of a tree of parameters. A module has identity: it can be neither copied nor moved, and
/// is shared by std::shared_ptr. To copy one, construct another like it and update() it with the
/// first's parameters(); the arrays themselves are shared then, and cost nothing.
///
/// Not synchronised: one thread at a time, unless all only read.
class Module : public std::enable_shared_from_this<Module> {
 public:
  Module() = default;
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  Parameters parameters() const;
  /// Those that are neither frozen nor fixed.
  Parameters trainable_parameters() const;
  /// All arrays: parameters, and those whose names start with "_".
  Parameters state() const;

  /// filter(module, name within it, value) chooses among state().
  using Filter = std::function<bool(const Module&, const std::string&, const array&)>;
  using Map = std::function<array(const array&)>;
  Parameters filter_and_map(const Filter& filter, const Map& map = {}) const;

  /// Replaces the arrays that are named. Shapes and dtypes may change. strict: throws
  /// std::invalid_argument for a name that is not in state(), before anything is replaced.
  Module& update(const Parameters& parameters, bool strict = true);
  /// Replaces every parameter, or those that the filter chooses, by what `map` makes of it.
  Module& apply(const Map& map, const Filter& filter = {});
  /// Floating-point parameters, or those of a dtype that the predicate accepts, are converted.
  Module& set_dtype(Dtype dtype, const std::function<bool(Dtype)>& predicate = {});

  /// Direct children; those without children of their own, however deep; all modules, this one
  /// first, under the name "".
  NamedModules children() const;
  NamedModules leaf_modules() const;
  NamedModules named_modules();
  std::vector<Module*> modules();
  Module& apply_to_modules(const std::function<void(const std::string& name, Module&)>& fun);
  /// Puts modules in the places of those that are named. Throws std::invalid_argument where the
  /// place does not take that type; strict: also for a name that is no module.
  Module& update_modules(const std::map<std::string, std::shared_ptr<Module>>& modules,
                         bool strict = true);

  /// Takes parameters out of trainable_parameters(), or puts them back: all of them or those of
  /// these names (within their module), of this module alone or of the whole tree. strict: throws
  /// std::out_of_range for a name that no module has.
  Module& freeze(bool recurse = true, const std::vector<std::string>& keys = {},
                 bool strict = false);
  Module& unfreeze(bool recurse = true, const std::vector<std::string>& keys = {},
                   bool strict = false);

  /// Whether layers act as they do in training (dropout, batch statistics): true at first.
  bool training() const { return training_; }
  Module& train(bool mode = true);
  Module& eval() { return train(false); }

  /// Replaces parameters by those of a safetensors file or a map. strict: throws
  /// std::invalid_argument unless the names and shapes are exactly those of parameters(); else
  /// unknown names are ignored.
  Module& load_weights(const std::filesystem::path& file, bool strict = true);
  Module& load_weights(const Parameters& weights, bool strict = true);
  /// Writes parameters() as safetensors. Throws std::invalid_argument for another extension.
  void save_weights(const std::filesystem::path& file) const;

 protected:
  /// Runs on each module of a tree whose mode is set.
  virtual void set_training_mode(bool mode) { training_ = mode; }

 private:
  friend class Parameter;
  friend class ChildSlot;

  struct Member {
    std::string name;
    Parameter* value;
    Parameter::Role role;
    bool frozen;

    bool is_parameter() const { return name[0] != '_'; }
    bool is_trainable() const {
      return is_parameter() && !frozen && role == Parameter::Role::trainable;
    }
  };
  struct Place {
    std::string name;
    ChildSlot* slot;
  };
  using Visit = std::function<void(const std::string& prefix, const Module&)>;

  void visit(const std::string& prefix, const Visit& fun) const;
  Parameters collect(const std::function<bool(const Module&, const Member&)>& keep,
                     const Map& map = {}) const;
  void require_names(const std::vector<std::string>& keys, bool recurse) const;
  Module& set_frozen(bool frozen, bool recurse, const std::vector<std::string>& keys, bool strict);

  std::vector<Member> members_;
  std::vector<Place> places_;
  bool training_ = true;
};

/// A module that makes one array of another: what most layers are, and what Sequential takes.
class Layer : public Module {
 public:
  virtual array operator()(const array& x) = 0;
};

}  // namespace quern::nn

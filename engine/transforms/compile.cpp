#include "engine/transforms/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <unordered_map>

#include "engine/graph/trace.h"
#include "engine/transforms/program.h"

namespace quern {

namespace {

using Function = std::function<Arrays(const Arrays&)>;

std::atomic<CompileMode>& compile_mode() {
  static std::atomic<CompileMode> mode{std::getenv("QUERN_DISABLE_COMPILE") ? CompileMode::disabled
                                                                            : CompileMode::enabled};
  return mode;
}

/// The programs of one function, by what it is called with.
class Compiler {
 public:
  Compiler(Function fun, bool shapeless) : fun_(std::move(fun)), shapeless_(shapeless) {}

  Arrays call(const Arrays& inputs) {
    const CompileMode mode = compile_mode();
    // Inside another record, that one sees more to fuse.
    if (mode == CompileMode::disabled || Trace::recording()) return fun_(inputs);
    const Key key = key_of(inputs, mode);
    if (const auto known = find(key)) return known->run(inputs);
    auto program = std::make_shared<Program>(record_program(fun_, inputs, shapeless_));
    if (mode != CompileMode::no_simplify) simplify(*program);
    if (mode == CompileMode::enabled) fuse(*program);
    // What an outer transform is tracing is gone when it ends.
    const bool lasting = std::none_of(program->constants.begin(), program->constants.end(),
                                      [](const array& a) { return a.is_tracer(); });
    if (lasting) {
      const std::lock_guard lock(mutex_);
      programs_.emplace(key, program);
    }
    return program->run(inputs);
  }

 private:
  using Key = std::vector<int64_t>;

  struct KeyHash {
    size_t operator()(const Key& key) const {
      uint64_t hash = 0x9E3779B97F4A7C15u;
      for (const int64_t x : key)
        hash = (hash ^ uint64_t(x)) * 0xD6E8FEB86659FD93u, hash ^= hash >> 32;
      return size_t(hash);
    }
  };

  Key key_of(const Arrays& inputs, CompileMode mode) const {
    Key key{int64_t(mode), to_stream({}).index};
    for (const array& a : inputs) {
      key.push_back(int64_t(a.dtype().val) << 32 | int64_t(a.ndim()));
      if (!shapeless_) key.insert(key.end(), a.shape().begin(), a.shape().end());
    }
    return key;
  }

  std::shared_ptr<const Program> find(const Key& key) {
    const std::lock_guard lock(mutex_);
    const auto found = programs_.find(key);
    return found == programs_.end() ? nullptr : found->second;
  }

  const Function fun_;
  const bool shapeless_;
  std::mutex mutex_;
  std::unordered_map<Key, std::shared_ptr<const Program>, KeyHash> programs_;
};

Function calling(std::shared_ptr<Compiler> compiler) {
  return [compiler = std::move(compiler)](const Arrays& inputs) { return compiler->call(inputs); };
}

}  // namespace

Function compile(Function fun, bool shapeless) {
  if (!fun) throw std::invalid_argument("[compile] there is no function");
  return calling(std::make_shared<Compiler>(std::move(fun), shapeless));
}

Function compile(Arrays (*fun)(const Arrays&), bool shapeless) {
  if (!fun) throw std::invalid_argument("[compile] there is no function");
  static std::mutex mutex;
  static std::unordered_map<void*, std::shared_ptr<Compiler>> compilers[2];
  const std::lock_guard lock(mutex);
  auto& compiler = compilers[shapeless][reinterpret_cast<void*>(fun)];
  if (!compiler) compiler = std::make_shared<Compiler>(fun, shapeless);
  return calling(compiler);
}

void set_compile_mode(CompileMode mode) { compile_mode() = mode; }
void disable_compile() { set_compile_mode(CompileMode::disabled); }
void enable_compile() { set_compile_mode(CompileMode::enabled); }

}  // namespace quern

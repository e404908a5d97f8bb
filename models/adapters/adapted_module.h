#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/model_files.h"
#include "models/weights/low_rank_update.h"

namespace quern::models {

/// What an adapter changes of one module, in the shapes of LowRankUpdate.
struct AdaptedModule {
  AdaptableModule module;
  array down, up;
  float multiplier = 1.0f;
  std::optional<array> magnitude = {};

  int rank() const { return down.shape(-2); }
};

/// The same as a file has it, of which the module's kind is not known yet: each expert by itself,
/// or all of them stacked.
struct NamedUpdate {
  std::string path;
  array down, up;
  float multiplier = 1.0f;
  std::optional<array> magnitude = {};
  bool is_embedding = false;
};

/// Finds the modules that names of a file mean: the decoder's own names and those that the family's
/// weight rules turn into them, with "language_model." before them or without. source: for
/// messages. Throws ModelError: names that no module has, modules that are one in the file and
/// several here, shapes that do not fit (with the names and shapes).
std::vector<AdaptedModule> to_adapted_modules(std::vector<NamedUpdate> updates,
                                              const ModelFiles& files, const std::string& source);

/// The same under Hugging Face's names, expert by expert. Throws ModelError where a module there is
/// made of several here.
std::vector<NamedUpdate> to_published_updates(const std::vector<AdaptedModule>& modules,
                                              const ModelFiles& files);

std::vector<AdaptableModule> modules_of(const std::vector<AdaptedModule>& adapted);

/// Whether a model's embedding is its head too, so that what changes the one changes the other.
bool has_tied_head(const ModelFiles& files);

/// PATH.weight without its ending; all of another name.
std::string without_weight_ending(const std::string& name);

}  // namespace quern::models

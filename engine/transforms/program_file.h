#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/transforms/program.h"

namespace quern {

/// A program and how it is called: with `positional` arrays, then one for each name.
struct ExportedProgram {
  size_t positional = 0;
  std::vector<std::string> names;
  Program program;
};

struct ProgramFile {
  std::string metadata;
  std::vector<ExportedProgram> programs;
};

/// Writes the file, whole or not at all. The constants are evaluated. Throws std::runtime_error.
void write_program_file(const std::filesystem::path& path, const ProgramFile& file);

/// Checks everything that it reads. Constants stay in the file, mapped. Throws std::runtime_error.
ProgramFile read_program_file(const std::filesystem::path& path);

}  // namespace quern

#include "engine/transforms/program_file.h"

#include <fmt/format.h>

#include <cstring>
#include <stdexcept>

#include "engine/graph/eval.h"
#include "engine/graph/trace.h"
#include "engine/io/atomic_file.h"
#include "engine/io/mapped_file.h"
#include "engine/ops/shape.h"

namespace quern {

namespace {

constexpr char magic[8] = {'Q', 'U', 'E', 'R', 'N', 'F', 'N', '\n'};
constexpr uint32_t version = 1;
constexpr size_t alignment = 64;  // of constants in the file

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t reserved;
  uint64_t body_size;
  uint64_t checksum;
};
static_assert(sizeof(Header) == 32);

/// A multiplicative hash, eight bytes at a time: against damage, not against malice.
uint64_t checksum_of(std::string_view bytes) {
  uint64_t hash = bytes.size();
  const auto mix = [&hash](uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  };
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    mix(word);
  }
  for (; i < bytes.size(); ++i) mix(uint8_t(bytes[i]));
  return hash;
}

size_t padding_at(size_t body_position) {
  return (alignment - (sizeof(Header) + body_position) % alignment) % alignment;
}

void write_step(const Program::Step& step, StateWriter& out) {
  StateWriter parameters;
  step.primitive->save(parameters);
  out.write(std::string(step.primitive->name()));
  out.write(step.primitive->device().type);
  out.write(step.primitive->device().index);
  out.write(parameters.bytes());
  out.write(step.inputs);
  out.write(step.outputs);
}

void write_program(const ExportedProgram& exported, StateWriter& out) {
  const Program& program = exported.program;
  out.write(uint64_t(exported.positional));
  out.write(exported.names);
  out.write(program.any_shape);
  out.write(uint64_t(program.values.size()));
  for (const Program::Value& value : program.values) {
    out.write(value.shape);
    out.write(value.dtype);
  }
  out.write(uint64_t(program.constants.size()));
  for (const array& constant : program.constants) {
    array dense = contiguous(constant);
    dense.eval();
    const std::string padding(padding_at(out.bytes().size()), '\0');
    out.write_bytes(padding.data(), padding.size());
    out.write_bytes(dense.data<char>(), dense.nbytes());
  }
  out.write(uint64_t(program.steps.size()));
  for (const Program::Step& step : program.steps) write_step(step, out);
  out.write(program.outputs);
}

/// Reads the body of a file, from the reader's place on.
class BodyReader {
 public:
  BodyReader(std::string_view body, const MappedFile& file) : in_(body), file_(file) {}

  ProgramFile read() {
    ProgramFile file;
    file.metadata = in_.read<std::string>();
    for (size_t n = count(); n > 0; --n) file.programs.push_back(read_program());
    require(in_.left() == 0, "the end", in_.left());
    return file;
  }

 private:
  static void require(bool holds, const char* what, uint64_t got) {
    if (!holds) throw std::runtime_error(fmt::format("{}: got {}", what, got));
  }

  /// Of things that take at least a byte each.
  size_t count() {
    const auto n = in_.read<uint64_t>();
    require(n <= in_.left(), "a count that fits into the file", n);
    return size_t(n);
  }

  ExportedProgram read_program() {
    ExportedProgram exported;
    exported.positional = size_t(in_.read<uint64_t>());
    exported.names = in_.read<std::vector<std::string>>();
    Program& program = exported.program;
    program.any_shape = in_.read<bool>();
    for (size_t n = count(); n > 0; --n) {
      const auto shape = in_.read<Shape>();
      element_count(shape);  // throws for what no array has
      program.values.push_back({shape, in_.read<Dtype>()});
    }
    program.input_count = exported.positional + exported.names.size();
    require(exported.positional <= program.values.size() &&
                program.input_count <= program.values.size(),
            "no more inputs than values", program.input_count);
    const size_t constants = count();
    known_ = program.input_count + constants;
    require(known_ <= program.values.size(), "no more constants than values", constants);
    for (size_t i = program.input_count; i < known_; ++i) {
      program.constants.push_back(read_constant(program.values[i]));
    }
    for (size_t n = count(); n > 0; --n) program.steps.push_back(read_step(program));
    require(known_ == program.values.size(), "a step for each value", known_);
    program.outputs = read_values(known_);
    return exported;
  }

  array read_constant(const Program::Value& value) {
    in_.take(padding_at(in_.position()));
    const size_t size = element_count(value.shape);
    require(size <= in_.left() / value.dtype.size(), "a constant that fits into the file", size);
    const char* data = in_.take(size * value.dtype.size());
    const auto offset = size_t(data - reinterpret_cast<const char*>(file_.data()));
    return array(file_.buffer(), value.shape, value.dtype, offset);
  }

  std::vector<int> read_values(size_t known) {
    auto values = in_.read<std::vector<int>>();
    for (const int value : values) {
      require(value >= 0 && size_t(value) < known, "a value that is known by then",
              uint64_t(value));
    }
    return values;
  }

  Program::Step read_step(const Program& program) {
    const auto name = in_.read<std::string>();
    const auto type = in_.read<Device::DeviceType>();
    require(type == Device::cpu || type == Device::gpu, "a kind of device", uint64_t(type));
    const Device device(type, in_.read<int>());
    const auto parameters = in_.read<std::string>();
    const PrimitiveLoader loader = find_primitive(name);
    if (!loader) throw std::runtime_error(fmt::format("there is no operation \"{}\"", name));
    StateReader reader(parameters);
    Program::Step step{loader(default_stream(device), reader), read_values(known_), {}};
    require(reader.left() == 0, "the end of an operation's parameters", reader.left());
    step.outputs = in_.read<std::vector<int>>();
    for (const int value : step.outputs) {
      require(value >= 0 && size_t(value) == known_ && known_ < program.values.size(),
              "the next value as an output", uint64_t(value));
      ++known_;
    }
    require(!step.outputs.empty(), "at least one output", 0);
    check_shapes(step, program);
    return step;
  }

  /// What the operation says of its outputs must be what the file says.
  static void check_shapes(const Program::Step& step, const Program& program) {
    const Trace trace(Trace::Kind::shapes);
    Arrays inputs;
    for (const int i : step.inputs) {
      const Program::Value& value = program.values[size_t(i)];
      inputs.push_back(array::placeholder(value.shape, value.dtype, trace.level()));
    }
    const std::vector<Shape> shapes = step.primitive->output_shapes(inputs);
    require(shapes.size() == step.outputs.size(), "an operation's outputs", step.outputs.size());
    for (size_t i = 0; i < shapes.size(); ++i) {
      const Shape& recorded = program.values[size_t(step.outputs[i])].shape;
      if (shapes[i] == recorded) continue;
      throw std::runtime_error(fmt::format("{} gives shape {}, not {}", step.primitive->name(),
                                           to_string(shapes[i]), to_string(recorded)));
    }
  }

  StateReader in_;
  const MappedFile& file_;
  size_t known_ = 0;  ///< values that are there before the next step
};

}  // namespace

void write_program_file(const std::filesystem::path& path, const ProgramFile& file) {
  StateWriter body;
  body.write(file.metadata);
  body.write(uint64_t(file.programs.size()));
  for (const ExportedProgram& program : file.programs) write_program(program, body);
  Header header{{}, version, 0, body.bytes().size(), checksum_of(body.bytes())};
  std::memcpy(header.magic, magic, sizeof(magic));
  AtomicFile out(path);
  out.write(&header, sizeof(header));
  out.write(body.bytes().data(), body.bytes().size());
  out.commit();
}

ProgramFile read_program_file(const std::filesystem::path& path) {
  const MappedFile file(path);
  const auto fail = [&](const std::string& why) {
    return std::runtime_error(fmt::format("[import_function] {}: {}", path.string(), why));
  };
  Header header{};
  if (file.size() < sizeof(header)) throw fail("too short for an exported function");
  std::memcpy(&header, file.data(), sizeof(header));
  if (std::memcmp(header.magic, magic, sizeof(magic)) != 0) throw fail("not an exported function");
  if (header.version != version) {
    throw fail(fmt::format("version {} of the format; this program reads version {}",
                           header.version, version));
  }
  const std::string_view body(reinterpret_cast<const char*>(file.data()) + sizeof(header),
                              file.size() - sizeof(header));
  if (header.reserved != 0 || header.body_size != body.size() ||
      header.checksum != checksum_of(body)) {
    throw fail("damaged: its size or checksum is not what it says");
  }
  try {
    return BodyReader(body, file).read();
  } catch (const std::exception& e) {
    throw fail(e.what());
  }
}

}  // namespace quern

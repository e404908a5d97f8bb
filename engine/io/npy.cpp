#include "engine/io/npy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "engine/io/atomic_file.h"
#include "engine/io/mapped_file.h"
#include "engine/io/stored_array.h"
#include "engine/ops/shape.h"

namespace quern {

namespace {

constexpr std::string_view magic("\x93NUMPY", 6);
constexpr size_t alignment = 64;

struct StoredType {
  std::string_view code;  ///< NumPy's, without the byte order
  Dtype dtype;
};

// The first row of a dtype is the one that is written.
constexpr std::array<StoredType, 16> stored_types = {{
    {"b1", bool_},
    {"u1", uint8},
    {"u2", uint16},
    {"u4", uint32},
    {"u8", uint64},
    {"i1", int8},
    {"i2", int16},
    {"i4", int32},
    {"i8", int64},
    {"f2", float16},
    {"f4", float32},
    {"f8", float64},
    {"c8", complex64},
    {"V2", bfloat16},
    {"bfloat16", bfloat16},
    {"?", bool_},
}};

struct Header {
  Dtype dtype = bool_;
  bool big_endian = false;
  bool fortran_order = false;
  std::vector<uint64_t> shape;
};

/// Reads the literal of a Python dictionary that a header is.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const ByteReader& file) : text_(text), file_(file) {}

  Header parse() {
    Header header;
    std::array<bool, 3> seen = {};
    expect('{');
    while (!next_is('}')) {
      const std::string_view key = string();
      expect(':');
      if (key == "descr") {
        seen[0] = true;
        type(header);
      } else if (key == "fortran_order") {
        seen[1] = true;
        header.fortran_order = boolean();
      } else if (key == "shape") {
        seen[2] = true;
        header.shape = tuple();
      } else {
        file_.fail("the header has the unknown key {}", printable(key));
      }
      if (!next_is(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (at_ != text_.size()) fail("the end");
    if (!std::all_of(seen.begin(), seen.end(), [](bool b) { return b; })) {
      file_.fail("the header lacks one of descr, fortran_order and shape: {}", printable(text_));
    }
    return header;
  }

 private:
  /// What a message may quote of bytes that could be anything.
  static std::string printable(std::string_view text) {
    std::string out(text.substr(0, 60));
    for (char& c : out) {
      if (c < ' ' || c > '~') c = '?';
    }
    return out;
  }

  [[noreturn]] void fail(const char* wanted) const {
    file_.fail("the header has no {} at character {}: {}", wanted, at_, printable(text_));
  }

  void skip_spaces() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos) ++at_;
  }

  bool next_is(char c) {
    skip_spaces();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (next_is(c)) return;
    const char wanted[] = {'\'', c, '\'', 0};
    fail(wanted);
  }

  std::string_view string() {
    skip_spaces();
    const char quote = at_ < text_.size() ? text_[at_] : ' ';
    const size_t end = quote == '\'' || quote == '"' ? text_.find(quote, at_ + 1) : text_.npos;
    if (end == text_.npos) fail("string");
    const std::string_view out = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return out;
  }

  bool boolean() {
    skip_spaces();
    for (const bool value : {false, true}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      return value;
    }
    fail("True or False");
  }

  std::vector<uint64_t> tuple() {
    std::vector<uint64_t> lengths;
    expect('(');
    while (!next_is(')')) {
      skip_spaces();
      uint64_t length = 0;
      const auto [end, error] =
          std::from_chars(text_.data() + at_, text_.data() + text_.size(), length);
      if (error != std::errc()) fail("length that an array can have");
      at_ = size_t(end - text_.data());
      if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // as Python 2 wrote them
      lengths.push_back(length);
      if (!next_is(',')) {
        expect(')');
        break;
      }
    }
    return lengths;
  }

  void type(Header& header) {
    skip_spaces();
    if (at_ < text_.size() && text_[at_] == '[') {
      file_.fail("the elements are structures, which no dtype holds: {}", printable(text_));
    }
    const std::string_view descr = string();
    std::string_view code = descr;
    if (!code.empty() && std::string_view("<>|=").find(code[0]) != code.npos) {
      header.big_endian = code[0] == '>';
      code.remove_prefix(1);
    }
    for (const StoredType& row : stored_types) {
      if (row.code != code) continue;
      header.dtype = row.dtype;
      return;
    }
    file_.fail("the elements are of NumPy's type '{}', which no dtype holds", printable(descr));
  }

  std::string_view text_;
  const ByteReader& file_;
  size_t at_ = 0;
};

std::string_view stored_code(Dtype dtype) {
  for (const StoredType& row : stored_types) {
    if (row.dtype == dtype) return row.code;
  }
  __builtin_unreachable();
}

/// The elements with their bytes the other way round. A complex number is two elements.
array swapped(const array& a) {
  const size_t width = a.dtype() == complex64 ? 4 : a.itemsize();
  const auto buffer = Buffer::allocate(a.nbytes());
  char* to = static_cast<char*>(buffer->data());
  const char* from = a.data<char>();
  for (size_t i = 0; i < a.nbytes(); i += width) {
    std::reverse_copy(from + i, from + i + width, to + i);
  }
  return array(buffer, a.shape(), a.dtype());
}

}  // namespace

std::string npy_header(const array& a) {
  std::string text =
      fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}{}), }}",
                  a.itemsize() == 1 ? '|' : '<', stored_code(a.dtype()),
                  fmt::join(a.shape().begin(), a.shape().end(), ", "), a.ndim() == 1 ? "," : "");
  const bool is_long = text.size() + alignment > UINT16_MAX;
  const size_t before = magic.size() + 2 + (is_long ? 4 : 2);
  text.append(alignment - 1 - (before + text.size()) % alignment, ' ');
  text += '\n';
  const auto length = uint32_t(text.size());
  std::string out(magic);
  out += char(is_long ? 2 : 1);
  out += '\0';
  out.append(reinterpret_cast<const char*>(&length), is_long ? 4 : 2);
  return out + text;
}

array read_npy(ByteReader file, StreamOrDevice s) {
  if (file.left() < magic.size() || file.take(magic.size(), "the magic") != magic) {
    file.fail("this is not a .npy file: it does not begin with \\x93NUMPY");
  }
  const auto major = file.number<uint8_t>("the version");
  const auto minor = file.number<uint8_t>("the version");
  if (major < 1 || major > 3 || minor != 0) {
    file.fail("the version is {}.{}; 1.0, 2.0 and 3.0 are known", major, minor);
  }
  const uint64_t length = major == 1 ? file.number<uint16_t>("the header's length")
                                     : file.number<uint32_t>("the header's length");
  const Header header = HeaderParser(file.take(length, "the header"), file).parse();
  const std::optional<StoredShape> stored = stored_shape(header.shape, header.dtype);
  if (!stored) file.fail("no array can have the shape ({})", fmt::join(header.shape, ", "));
  if (stored->nbytes > file.left()) {
    file.fail("shape ({}) of {} needs {} bytes, and {} are left; the file is cut off",
              fmt::join(header.shape, ", "), dtype_name(header.dtype), stored->nbytes, file.left());
  }

  Shape shape = stored->shape;
  if (header.fortran_order) std::reverse(shape.begin(), shape.end());
  const StreamContext context(s);
  const array a = header.big_endian && header.dtype.size() > 1
                      ? swapped(array(file.buffer(), shape, header.dtype, file.position()))
                      : stored_array(file.buffer(), shape, header.dtype, file.position());
  return header.fortran_order ? transpose(a) : a;
}

array load(const std::string& file, StreamOrDevice s) {
  return read_npy(ByteReader(MappedFile(file).buffer(), "[load] " + file), s);
}

array load(std::shared_ptr<io::Reader> in, StreamOrDevice s) {
  return read_npy(io::read_all(*in, "load"), s);
}

namespace {

void write_npy(ByteSink& out, const array& a) {
  const std::string header = npy_header(a);
  out.write(header.data(), header.size());
  out.write(a.data<char>(), a.nbytes());
}

}  // namespace

void save(std::string file, array a) {
  if (!file.ends_with(".npy")) file += ".npy";
  a = contiguous(a);
  a.eval();
  AtomicFile out(file);
  write_npy(out, a);
  out.commit();
}

void save(std::shared_ptr<io::Writer> out, array a) {
  a = contiguous(a);
  a.eval();
  io::WriterSink sink(*out, "save");
  write_npy(sink, a);
}

}  // namespace quern

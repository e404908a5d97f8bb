#include "engine/io/zip.h"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace quern {

namespace {

constexpr uint32_t local_signature = 0x04034b50;
constexpr uint32_t directory_signature = 0x02014b50;
constexpr uint32_t end_signature = 0x06054b50;
constexpr uint32_t zip64_end_signature = 0x06064b50;
constexpr uint32_t zip64_locator_signature = 0x07064b50;

constexpr uint16_t stored = 0;
constexpr uint16_t deflated = 8;
constexpr uint16_t encrypted_flag = 1;
constexpr uint16_t utf8_flag = 1 << 11;
constexpr uint16_t version_zip64 = 45;
constexpr uint16_t first_of_1980 = (1 << 5) | 1;  ///< dates are the same in every archive

constexpr uint16_t zip64_field = 1;
constexpr uint16_t padding_field = 0xd935;  ///< as zipalign writes it
constexpr size_t alignment = 64;

constexpr uint32_t in_zip64 = UINT32_MAX;
constexpr size_t max_comment = UINT16_MAX;
constexpr uint64_t max_deflate_ratio = 1032;

template <typename... Numbers>
void append(std::string& out, Numbers... numbers) {
  (out.append(reinterpret_cast<const char*>(&numbers), sizeof(numbers)), ...);
}

uint32_t checksum_of(std::string_view bytes, uint32_t before = 0) {
  return uint32_t(
      ::crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), z_size_t(bytes.size())));
}

/// zlib counts the bytes that it is given and has room for in 32 bits.
uInt next_piece(size_t left) {
  return uInt(std::min(left, size_t(std::numeric_limits<uInt>::max())));
}

struct DeflateStream : z_stream {
  explicit DeflateStream() : z_stream{} {
    if (::deflateInit2(this, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8,
                       Z_DEFAULT_STRATEGY) != Z_OK) {
      throw OutOfMemory("[save_npz] the system has no memory left to compress with");
    }
  }
  ~DeflateStream() { ::deflateEnd(this); }
};

struct InflateStream : z_stream {
  explicit InflateStream() : z_stream{} {
    if (::inflateInit2(this, -MAX_WBITS) != Z_OK) {
      throw OutOfMemory("[load_npz] the system has no memory left to decompress with");
    }
  }
  ~InflateStream() { ::inflateEnd(this); }
};

std::string compress(const std::vector<std::string_view>& parts) {
  DeflateStream stream;
  std::string out;
  std::vector<char> room(size_t(1) << 18);
  const auto step = [&](int flush) {
    int result = Z_OK;
    do {
      stream.next_out = reinterpret_cast<Bytef*>(room.data());
      stream.avail_out = uInt(room.size());
      result = ::deflate(&stream, flush);
      out.append(room.data(), room.size() - stream.avail_out);
    } while (flush == Z_FINISH ? result != Z_STREAM_END : stream.avail_out == 0);
  };
  for (std::string_view part : parts) {
    while (!part.empty()) {
      const uInt piece = next_piece(part.size());
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(part.data()));
      stream.avail_in = piece;
      step(Z_NO_FLUSH);
      part.remove_prefix(piece);
    }
  }
  step(Z_FINISH);
  return out;
}

}  // namespace

// Writing

struct ZipWriter::Entry {
  uint16_t method;
  uint32_t checksum;
  uint64_t compressed_size, size;

  /// What local header and directory have in common, after the version.
  std::string fields(bool zip64, size_t name_size, size_t extra_size) const {
    std::string out;
    append(out, utf8_flag, method, uint16_t(0), first_of_1980, checksum,
           zip64 ? in_zip64 : uint32_t(compressed_size), zip64 ? in_zip64 : uint32_t(size),
           uint16_t(name_size), uint16_t(extra_size));
    return out;
  }
};

void ZipWriter::write(std::string_view bytes) {
  file_.write(bytes.data(), bytes.size());
  position_ += bytes.size();
}

void ZipWriter::add(const std::string& name, const std::vector<std::string_view>& parts,
                    bool compressed) {
  if (name.size() > UINT16_MAX) {
    throw std::invalid_argument(fmt::format(
        "[save_npz] a name has {} bytes; at most {} are possible", name.size(), UINT16_MAX));
  }
  Entry entry{compressed ? deflated : stored, 0, 0, 0};
  for (const std::string_view part : parts) {
    entry.checksum = checksum_of(part, entry.checksum);
    entry.size += part.size();
  }
  const std::string packed = compressed ? compress(parts) : std::string();
  entry.compressed_size = compressed ? packed.size() : entry.size;

  const uint64_t offset = position_;
  const bool big = entry.size >= zip64_from_ || entry.compressed_size >= zip64_from_;
  std::string extra;
  if (big) append(extra, zip64_field, uint16_t(16), entry.size, entry.compressed_size);
  const size_t before = offset + 30 + name.size() + extra.size() + 4;
  const size_t padding = compressed ? 0 : (alignment - before % alignment) % alignment;
  append(extra, padding_field, uint16_t(padding));
  extra.append(padding, '\0');
  std::string header;
  append(header, local_signature, version_zip64);
  write(header + entry.fields(big, name.size(), extra.size()) + name + extra);
  if (compressed) {
    write(packed);
  } else {
    for (const std::string_view part : parts) write(part);
  }

  const bool far = offset >= zip64_from_;
  extra.clear();
  if (big || far) append(extra, zip64_field, uint16_t((big ? 16 : 0) + (far ? 8 : 0)));
  if (big) append(extra, entry.size, entry.compressed_size);
  if (far) append(extra, offset);
  append(directory_, directory_signature, version_zip64, version_zip64);
  directory_ += entry.fields(big, name.size(), extra.size());
  append(directory_, uint16_t(0), uint16_t(0), uint16_t(0), uint32_t(0),
         far ? in_zip64 : uint32_t(offset));
  directory_ += name + extra;
  ++count_;
}

void ZipWriter::finish() {
  const uint64_t offset = position_, size = directory_.size();
  write(directory_);
  std::string end;
  const bool zip64 = offset >= zip64_from_ || size >= zip64_from_ || count_ >= UINT16_MAX;
  if (zip64) {
    append(end, zip64_end_signature, uint64_t(44), version_zip64, version_zip64, uint32_t(0),
           uint32_t(0), count_, count_, size, offset);
    append(end, zip64_locator_signature, uint32_t(0), position_, uint32_t(1));
  }
  const uint16_t count = zip64 ? UINT16_MAX : uint16_t(count_);
  append(end, end_signature, uint16_t(0), uint16_t(0), count, count,
         zip64 ? in_zip64 : uint32_t(size), zip64 ? in_zip64 : uint32_t(offset), uint16_t(0));
  write(end);
}

// Reading

ZipReader::ZipReader(ByteReader file) : file_(std::move(file)) {
  constexpr size_t end_size = 22;
  const size_t total = file_.end();
  if (total < end_size) file_.fail("{} bytes are too few for a zip archive", total);
  // The end record has a comment of unknown length behind it.
  const size_t first = total - std::min(total, end_size + max_comment);
  size_t at = total - end_size;
  ByteReader record = file_;
  for (;; --at) {
    record.seek(at, "the end record");
    if (record.number<uint32_t>("a signature") == end_signature) break;
    if (at == first)
      file_.fail("no zip archive ends here; the file is cut off, or is another kind");
  }
  const auto disk = record.number<uint16_t>("the disk");
  const auto directory_disk = record.number<uint16_t>("the disk");
  record.number<uint16_t>("the entries on the disk");
  uint64_t count = record.number<uint16_t>("the entries");
  uint64_t size = record.number<uint32_t>("the directory's size");
  uint64_t offset = record.number<uint32_t>("the directory's place");
  constexpr size_t locator_size = 20;
  if (at >= locator_size) {
    record.seek(at - locator_size, "the locator");
    if (record.number<uint32_t>("a signature") == zip64_locator_signature) {
      record.number<uint32_t>("the disk");
      record.seek(record.number<uint64_t>("the 64-bit end record"), "the 64-bit end record");
      if (record.number<uint32_t>("a signature") != zip64_end_signature) {
        file_.fail("the 64-bit end record is not where it should be");
      }
      record.take(28, "the 64-bit end record");
      count = record.number<uint64_t>("the entries");
      size = record.number<uint64_t>("the directory's size");
      offset = record.number<uint64_t>("the directory's place");
    }
  }
  if (disk != directory_disk) file_.fail("the archive is split over several files");
  read_directory(count, offset, size);
}

void ZipReader::read_directory(uint64_t count, uint64_t offset, uint64_t size) {
  ByteReader file = file_;
  file.seek(offset, "the directory");
  if (size > file.left()) file.fail("the directory has {} bytes, but {} follow", size, file.left());
  ByteReader directory = file.part(size_t(offset), size_t(size), "directory");
  for (uint64_t i = 0; i < count; ++i) {
    if (directory.number<uint32_t>("a signature") != directory_signature) {
      file_.fail("entry {} of {} has no signature", i, count);
    }
    directory.take(4, "the versions");
    Entry entry{};
    entry.flags = directory.number<uint16_t>("the flags");
    entry.method = directory.number<uint16_t>("the method");
    directory.take(4, "the date");
    entry.checksum = directory.number<uint32_t>("the checksum");
    entry.compressed_size = directory.number<uint32_t>("the size");
    entry.size = directory.number<uint32_t>("the size");
    const auto name_size = directory.number<uint16_t>("the name's length");
    const auto extra_size = directory.number<uint16_t>("the extra's length");
    const auto comment_size = directory.number<uint16_t>("the comment's length");
    directory.take(8, "the attributes");
    entry.offset = directory.number<uint32_t>("the place");
    const std::string name(directory.take(name_size, "the name"));
    const size_t extra_at = directory.position();
    directory.take(extra_size, "the extra fields");
    directory.take(comment_size, "the comment");

    ByteReader extra = file_.part(extra_at, extra_size, "extra fields");
    while (extra.left() >= 4) {
      const auto id = extra.number<uint16_t>("a field");
      const auto length = extra.number<uint16_t>("a field's length");
      if (length > extra.left()) break;
      ByteReader field = file_.part(extra.position(), length, "64-bit field");
      extra.take(length, "a field");
      if (id != zip64_field) continue;
      for (uint64_t* number : {&entry.size, &entry.compressed_size, &entry.offset}) {
        if (*number == in_zip64) *number = field.number<uint64_t>("a 64-bit number");
      }
    }
    entries_.insert_or_assign(name, entry);
  }
}

std::vector<std::string> ZipReader::names() const {
  std::vector<std::string> out;
  for (const auto& [name, entry] : entries_) out.push_back(name);
  return out;
}

ByteReader ZipReader::read(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw std::out_of_range("[load_npz] there is no entry " + name);
  const Entry& entry = found->second;
  ByteReader file = file_.part(0, file_.end(), name);
  if (entry.flags & encrypted_flag) file.fail("the entry is encrypted");
  if (entry.method != stored && entry.method != deflated) {
    file.fail("the entry is compressed by method {}; 0 (stored) and 8 (deflated) are known",
              entry.method);
  }
  file.seek(entry.offset, "the entry");
  if (file.number<uint32_t>("the entry's signature") != local_signature) {
    file.fail("no entry begins at byte {}", entry.offset);
  }
  file.take(22, "the entry's header");
  const auto name_size = file.number<uint16_t>("the name's length");
  const auto extra_size = file.number<uint16_t>("the extra's length");
  file.take(size_t(name_size) + extra_size, "the entry's header");
  const size_t begin = file.position();
  const std::string_view packed = file.take(entry.compressed_size, "the entry");

  const auto check = [&](std::string_view contents) {
    const uint32_t checksum = checksum_of(contents);
    if (checksum == entry.checksum) return;
    file.fail("the checksum is {:08x}, but {:08x} was written; the file is damaged", checksum,
              entry.checksum);
  };
  if (entry.method == stored) {
    if (entry.size != entry.compressed_size) {
      file.fail("{} stored bytes are to be {}", entry.compressed_size, entry.size);
    }
    check(packed);
    return file_.part(begin, packed.size(), name);
  }

  if (entry.size / max_deflate_ratio > entry.compressed_size) {
    file.fail("{} bytes cannot decompress to {}", entry.compressed_size, entry.size);
  }
  const std::shared_ptr<Buffer> buffer = Buffer::allocate(size_t(entry.size));
  InflateStream stream;
  size_t read = 0, written = 0;
  int result = Z_OK;
  while (result == Z_OK) {
    const uInt in = next_piece(packed.size() - read), out = next_piece(entry.size - written);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data() + read));
    stream.avail_in = in;
    stream.next_out = static_cast<Bytef*>(buffer->data()) + written;
    stream.avail_out = out;
    result = ::inflate(&stream, Z_NO_FLUSH);
    read += in - stream.avail_in;
    written += out - stream.avail_out;
  }
  if (result != Z_STREAM_END || written != entry.size) {
    file.fail("the compressed bytes are damaged: {} of {} came out", written, entry.size);
  }
  check({static_cast<const char*>(buffer->data()), written});
  return ByteReader(buffer, file_.where()).part(0, written, name);
}

}  // namespace quern

#include "engine/io/streams.h"

namespace quern::io {

namespace {

void require_fine(bool fine, const std::string& where, const char* what) {
  if (!fine) throw std::runtime_error(fmt::format("{}: {}", where, what));
}

}  // namespace

ByteReader read_all(Reader& reader, const std::string& operation) {
  const std::string where = fmt::format("[{}] {}", operation, reader.label());
  require_fine(reader.is_open() && reader.good(), where, "the reader is not open");
  const size_t begin = reader.tell();
  reader.seek(0, std::ios_base::end);
  const size_t end = reader.tell();
  reader.seek(int64_t(begin));
  require_fine(reader.good() && end >= begin, where, "the reader cannot tell where it ends");
  const size_t size = end - begin;
  const auto buffer = Buffer::allocate(size);
  if (size != 0) reader.read(static_cast<char*>(buffer->data()), size);
  require_fine(reader.good(), where, "reading failed");
  return ByteReader(buffer, size, where);
}

WriterSink::WriterSink(Writer& writer, const std::string& operation)
    : writer_(writer), where_(fmt::format("[{}] {}", operation, writer.label())) {
  require_fine(writer_.is_open() && writer_.good(), where_, "the writer is not open");
}

void WriterSink::write(const void* data, size_t size) {
  if (size != 0) writer_.write(static_cast<const char*>(data), size);
  require_fine(writer_.good(), where_, "writing failed");
}

}  // namespace quern::io

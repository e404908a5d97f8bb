#include "engine/io/npz.h"

#include <map>
#include <utility>

#include "engine/io/atomic_file.h"
#include "engine/io/mapped_file.h"
#include "engine/io/npy.h"
#include "engine/io/zip.h"
#include "engine/ops/shape.h"

namespace quern {

void save_npz(std::string file, std::unordered_map<std::string, array> arrays, bool compressed) {
  if (!file.ends_with(".npz")) file += ".npz";
  std::map<std::string, array> ordered(std::make_move_iterator(arrays.begin()),
                                       std::make_move_iterator(arrays.end()));
  arrays.clear();
  AtomicFile out(file);
  ZipWriter zip(out);
  while (!ordered.empty()) {
    auto next = ordered.extract(ordered.begin());
    array a = contiguous(std::exchange(next.mapped(), array(false)));
    a.eval();
    zip.add(next.key() + ".npy", {npy_header(a), {a.data<char>(), a.nbytes()}}, compressed);
  }
  zip.finish();
  out.commit();
}

std::unordered_map<std::string, array> load_npz(const std::string& file, StreamOrDevice s) {
  const ZipReader zip(ByteReader(MappedFile(file).buffer(), "[load_npz] " + file));
  std::unordered_map<std::string, array> arrays;
  for (const std::string& name : zip.names()) {
    if (!name.ends_with(".npy")) continue;
    arrays.insert_or_assign(name.substr(0, name.size() - 4), read_npy(zip.read(name), s));
  }
  return arrays;
}

}  // namespace quern

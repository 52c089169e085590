#include "data/hdf5_library.h"

#include <algorithm>

#include <strings.h>

namespace genbid::data::hdf5 {
namespace {

// h5py writes a boolean as a byte whose values have the names False and True, and PyTables as bits.
bool is_boolean(hid_t type) {
  if (H5Tget_size(type) != 1) return false;
  if (H5Tget_class(type) == H5T_BITFIELD) return true;
  if (H5Tget_class(type) != H5T_ENUM || H5Tget_nmembers(type) != 2) return false;
  for (unsigned i = 0; i < 2; ++i) {
    int8_t value = -1;
    char* name = H5Tget_member_name(type, i);
    const std::string text = name == nullptr ? "" : name;
    H5free_memory(name);
    const char* expected = i == 0 ? "FALSE" : "TRUE";
    if (H5Tget_member_value(type, i, &value) < 0 || value != static_cast<int8_t>(i)) return false;
    if (strcasecmp(text.c_str(), expected) != 0) return false;
  }
  return true;
}

}  // namespace

void silence() {
  [[maybe_unused]] static const herr_t once = H5dont_atexit();
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
}

std::string reason() {
  std::string text;
  H5Ewalk2(
      H5E_DEFAULT, H5E_WALK_DOWNWARD,
      [](unsigned, const H5E_error2_t* entry, void* data) -> herr_t {
        if (entry->desc != nullptr && *entry->desc != '\0') {
          *static_cast<std::string*>(data) = entry->desc;
        }
        return 0;
      },
      &text);
  H5Eclear2(H5E_DEFAULT);
  const std::string quote = "error message = '";
  const size_t begin = text.find(quote);
  if (begin != std::string::npos) {
    text.erase(0, begin + quote.size());
    text.resize(std::min(text.find('\''), text.size()));
  }
  return text.empty() ? "no reason given" : text;
}

Handle file_access() {
  const hid_t id = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_file_locking(id, false, true);
  H5Pset_fclose_degree(id, H5F_CLOSE_STRONG);
  return {id, H5Pclose};
}

Handle utf8_text() {
  const hid_t id = H5Tcopy(H5T_C_S1);
  H5Tset_size(id, H5T_VARIABLE);
  H5Tset_cset(id, H5T_CSET_UTF8);
  return {id, H5Tclose};
}

hid_t memory_type(Hdf5Type type) {
  switch (type) {
    case Hdf5Type::kI64:
      return H5T_NATIVE_INT64;
    case Hdf5Type::kI32:
      return H5T_NATIVE_INT32;
    case Hdf5Type::kF64:
      return H5T_NATIVE_DOUBLE;
    case Hdf5Type::kF32:
      return H5T_NATIVE_FLOAT;
    case Hdf5Type::kU32:
      return H5T_NATIVE_UINT32;
    case Hdf5Type::kU8:
      return H5T_NATIVE_UINT8;
  }
  return -1;
}

hid_t file_type(Hdf5Type type) {
  switch (type) {
    case Hdf5Type::kI64:
      return H5T_STD_I64LE;
    case Hdf5Type::kI32:
      return H5T_STD_I32LE;
    case Hdf5Type::kF64:
      return H5T_IEEE_F64LE;
    case Hdf5Type::kF32:
      return H5T_IEEE_F32LE;
    case Hdf5Type::kU32:
      return H5T_STD_U32LE;
    case Hdf5Type::kU8:
      return H5T_STD_U8LE;
  }
  return -1;
}

bool is_unsigned_64(hid_t type) { return H5Tget_sign(type) == H5T_SGN_NONE && H5Tget_size(type) == 8; }

Hdf5Kind kind_of(hid_t type) {
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return Hdf5Kind::kInteger;
    case H5T_FLOAT:
      return Hdf5Kind::kReal;
    default:
      return is_boolean(type) ? Hdf5Kind::kBoolean : Hdf5Kind::kOther;
  }
}

std::string type_text(hid_t type) {
  const std::string bits = std::to_string(8 * H5Tget_size(type)) + "-bit ";
  switch (H5Tget_class(type)) {
    case H5T_INTEGER:
      return bits + "whole numbers";
    case H5T_FLOAT:
      return bits + "real numbers";
    case H5T_STRING:
      return "texts";
    case H5T_COMPOUND:
      return "records";
    case H5T_VLEN:
    case H5T_ARRAY:
      return "lists";
    default:
      return is_boolean(type) ? "booleans" : "values of another kind";
  }
}

std::string missing_filter(hid_t settings) {
  const int count = H5Pget_nfilters(settings);
  for (int i = 0; i < count; ++i) {
    unsigned flags = 0;
    unsigned config = 0;
    size_t num_values = 0;
    char name[64] = "";
    const H5Z_filter_t filter =
        H5Pget_filter2(settings, static_cast<unsigned>(i), &flags, &num_values, nullptr, sizeof(name), name, &config);
    if (filter >= 0 && H5Zfilter_avail(filter) <= 0) {
      return std::string(name) + (name[0] == '\0' ? "filter " : " (filter ") + std::to_string(filter) +
             (name[0] == '\0' ? "" : ")");
    }
  }
  return {};
}

uint64_t all_pieces(hid_t settings, const std::vector<int64_t>& extent) {
  std::vector<hsize_t> chunk(extent.size());
  H5Pget_chunk(settings, static_cast<int>(chunk.size()), chunk.data());
  uint64_t pieces = 1;
  for (size_t d = 0; d < extent.size(); ++d) {
    const uint64_t side = std::max<hsize_t>(1, chunk[d]);
    pieces *= (static_cast<uint64_t>(extent[d]) + side - 1) / side;
  }
  return pieces;
}

}  // namespace genbid::data::hdf5

#include "arrow_plugin/places.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <new>
#include <string_view>

#include <dlfcn.h>

#include <arrow/io/file.h>
#include <arrow/result.h>

#include "base/error.h"
#include "base/files/paths.h"

namespace genbid::arrow_plugin {
namespace {

constexpr std::string_view kScheme = "s3://";
constexpr const char* kS3Library = "libarrow_s3.so";

// s3://BUCKET/KEY?OPTIONS in pieces. A key is taken as it stands, without escapes.
struct Object {
  std::string path;  // BUCKET/KEY
  std::string bucket;
  std::string options;  // with '?'; may be empty

  explicit Object(const std::string& uri) {
    const size_t query = std::min(uri.find('?'), uri.size());
    path = uri.substr(kScheme.size(), query - kScheme.size());
    options = uri.substr(query);
    bucket = path.substr(0, path.find('/'));
    if (bucket.empty()) throw Error(uri + ": found no bucket, expected s3://BUCKET/KEY");
  }
};

[[noreturn]] void fail(const std::string& place, const ::arrow::Status& status) {
  throw Error(place + ": cannot be read: " + status.message());
}

// The one beside the library that is in use. By its name alone it would be looked for by who calls dlopen, which a
// sanitizer does in the library's place.
std::string s3_library() {
  const std::string name = std::string(kS3Library) + "." + GENBID_ARROW_SOVERSION;
  Dl_info arrow{};
  if (::dladdr(reinterpret_cast<const void*>(&::arrow::fs::LoadFileSystemFactories), &arrow) == 0) return name;
  const std::string beside = std::filesystem::path(arrow.dli_fname).parent_path() / name;
  return is_there(beside) ? beside : name;
}

// File systems of S3 by bucket and options.
struct S3 {
  S3() {
    const std::string name = s3_library();
    const ::arrow::Status status = ::arrow::fs::LoadFileSystemFactories(name.c_str());
    if (!status.ok()) throw Error(name + ": does not load: " + status.message());
  }

  std::mutex mutex;
  std::map<std::string, std::shared_ptr<::arrow::fs::FileSystem>> systems;
};

S3& s3() {
  static S3 s3;
  return s3;
}

// The library's threads and connections must end before its own statics do, which it makes with the first file system.
void end_s3() {
  s3().systems.clear();
  ::arrow::fs::EnsureFinalized();
}

std::shared_ptr<::arrow::fs::FileSystem> system_of(const Object& object, const std::string& uri) {
  const std::lock_guard lock(s3().mutex);
  const std::string key = std::string(kScheme) + object.bucket + object.options;
  std::shared_ptr<::arrow::fs::FileSystem>& system = s3().systems[key];
  if (system == nullptr) {
    auto made = ::arrow::fs::FileSystemFromUri(key);
    static const int ended = std::atexit(end_s3);
    if (ended != 0) throw std::bad_alloc();
    if (!made.ok()) fail(uri, made.status());
    system = *made;
  }
  return system;
}

}  // namespace

bool is_remote(const std::string& place) { return place.starts_with(kScheme); }

std::shared_ptr<::arrow::io::RandomAccessFile> open_place(const std::string& place) {
  if (is_remote(place)) {
    const Object object(place);
    auto opened = system_of(object, place)->OpenInputFile(object.path);
    if (!opened.ok()) fail(place, opened.status());
    return *opened;
  }
  auto opened = ::arrow::io::ReadableFile::Open(place);
  if (!opened.ok()) fail(place, opened.status());
  return *opened;
}

std::vector<data::TableObject> list_objects(const std::string& uri) {
  const Object object(uri);
  ::arrow::fs::FileSelector selector;
  selector.base_dir = object.path;
  while (selector.base_dir.ends_with('/')) selector.base_dir.pop_back();
  selector.recursive = true;
  selector.allow_not_found = true;
  const auto found = system_of(object, uri)->GetFileInfo(selector);
  if (!found.ok()) fail(uri, found.status());
  std::vector<data::TableObject> objects;
  for (const ::arrow::fs::FileInfo& info : *found) {
    if (info.IsFile()) objects.push_back({std::string(kScheme) + info.path() + object.options, info.size()});
  }
  std::sort(objects.begin(), objects.end(),
            [](const data::TableObject& a, const data::TableObject& b) { return a.uri < b.uri; });
  return objects;
}

std::string object_stamp(const std::string& uri) {
  const Object object(uri);
  const auto info = system_of(object, uri)->GetFileInfo(object.path);
  if (!info.ok()) fail(uri, info.status());
  return std::to_string(info->size()) + " bytes of " + std::to_string(info->mtime().time_since_epoch().count());
}

}  // namespace genbid::arrow_plugin

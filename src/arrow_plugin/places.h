#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>

#include "data/table_plugin.h"

// Where tables lie: paths of this machine, and objects of a store by Arrow's S3 file system, which takes its
// credentials, region and server from the usual variables (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, ...) and from the part
// of a URI behind '?'.

namespace genbid::arrow_plugin {

bool is_remote(const std::string& place);

std::shared_ptr<::arrow::io::RandomAccessFile> open_place(const std::string& place);
std::vector<data::TableObject> list_objects(const std::string& uri);
std::string object_stamp(const std::string& uri);

}  // namespace genbid::arrow_plugin

#include <algorithm>
#include <cstring>

#include "base/files/safetensors.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace genbid;
  const auto bytes = std::as_bytes(std::span(data, size));
  fuzz::accepted([&] {
    const SafetensorsFile file = SafetensorsFile::from_bytes(bytes, "fuzz.safetensors");
    for (const TensorBytes& tensor : file.tensors()) {
      if (tensor.data.empty()) continue;
      const std::byte* begin = tensor.data.data();
      fuzz::require(begin >= bytes.data() && begin + tensor.data.size() <= bytes.data() + size, "tensors lie inside");
      fuzz::require(file.find(tensor.name) == &tensor, "a tensor is found by its name");
    }
    const std::string path = fuzz::Scratch::path("out.safetensors");
    write_safetensors(path, file.tensors(), file.metadata());
    const SafetensorsFile again(path);
    fuzz::require(again.metadata() == file.metadata(), "metadata come back");
    fuzz::require(again.tensors().size() == file.tensors().size(), "tensors come back");
    for (size_t i = 0; i < again.tensors().size(); ++i) {
      const TensorBytes& a = file.tensors()[i];
      const TensorBytes& b = again.tensors()[i];
      fuzz::require(a.name == b.name && a.dtype == b.dtype && a.shape == b.shape &&
                        std::equal(a.data.begin(), a.data.end(), b.data.begin(), b.data.end()),
                    "a tensor comes back as it was");
    }
  });
  return 0;
}

#include <cstdio>
#include <exception>
#include <string>

#include "serve/click_small_bundle.h"
#include "serve/small_bundle.h"

// write_small_bundle perceptron|recurrent|window|agents FOLDER
int main(int argc, char** argv) {
  try {
    if (argc != 3) return 2;
    const std::string name = argv[1];
    if (name == "agents") {
      genbid::test::write_click_bundle(argv[2]);
      return 0;
    }
    genbid::test::write_bundle(name == "perceptron" ? genbid::test::small_perceptron()
                               : name == "window"   ? genbid::test::small_window()
                                                    : genbid::test::small_recurrent(),
                               argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "write_small_bundle: %s\n", error.what());
    return 1;
  }
}

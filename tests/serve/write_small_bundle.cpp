#include <cstdio>
#include <exception>
#include <string>

#include "serve/small_bundle.h"

// write_small_bundle perceptron|recurrent FOLDER
int main(int argc, char** argv) {
  try {
    if (argc != 3) return 2;
    const bool perceptron = std::string(argv[1]) == "perceptron";
    genbid::test::write_bundle(perceptron ? genbid::test::small_perceptron() : genbid::test::small_recurrent(),
                               argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "write_small_bundle: %s\n", error.what());
    return 1;
  }
}

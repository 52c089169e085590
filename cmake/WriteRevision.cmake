# cmake -DSOURCE_DIR=... -DVERSION=... -DOUTPUT=FILE.cpp -P WriteRevision.cmake
# Writes the definition of program_name() (src/runs/program.h); a file that says the same already is left alone.
set(program "genbid ${VERSION}")
find_program(GIT git)
if(GIT AND EXISTS "${SOURCE_DIR}/.git")
  execute_process(COMMAND "${GIT}" -C "${SOURCE_DIR}" rev-parse --short=12 HEAD
    OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
  if(NOT failed)
    execute_process(COMMAND "${GIT}" -C "${SOURCE_DIR}" status --porcelain --untracked-files=no
      OUTPUT_VARIABLE changes OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    string(APPEND program ", revision ${revision}")
    if(changes)
      string(APPEND program "-changed")
    endif()
  endif()
endif()
set(text "#include \"runs/program.h\"\n\nnamespace genbid::runs {\n\nstd::string program_name() { return \"${program}\"; }\n\n}  // namespace genbid::runs\n")
set(old "")
if(EXISTS "${OUTPUT}")
  file(READ "${OUTPUT}" old)
endif()
if(NOT old STREQUAL text)
  file(WRITE "${OUTPUT}" "${text}")
endif()

# How a room (a static library of one purpose) and its tests are declared.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

option(LIVEFLOOR_SANITIZE "Sanitizers to build with: address,undefined or thread" "")

add_library(livefloor_warnings INTERFACE)
target_compile_options(livefloor_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes -Wvla>)
target_compile_definitions(livefloor_warnings INTERFACE _GNU_SOURCE)
target_include_directories(livefloor_warnings INTERFACE ${CMAKE_SOURCE_DIR}/src)

# A snapshot is for the build that wrote it (base/build_id.h).
add_link_options(-Wl,--build-id=sha1)

if(LIVEFLOOR_SANITIZE)
  add_compile_options(-fsanitize=${LIVEFLOOR_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LIVEFLOOR_SANITIZE})
endif()

# gcc writes and copies structures of more than some tens of bytes by `rep stos` and `rep movs`
# unless told otherwise. Those take tens of cycles to begin, several times for an event.
include(CheckCCompilerFlag)
set(LIVEFLOOR_STRUCTURES
  -mmemset-strategy=vector_loop:512:noalign,libcall:-1:noalign
  -mmemcpy-strategy=unrolled_loop:128:noalign,libcall:-1:noalign)
check_c_compiler_flag("${LIVEFLOOR_STRUCTURES}" LIVEFLOOR_KNOWS_STRATEGIES)
if(LIVEFLOOR_KNOWS_STRATEGIES)
  target_compile_options(livefloor_warnings INTERFACE ${LIVEFLOOR_STRUCTURES})
endif()

# The release build of the server is optimised as a whole: what a room calls in the room below it
# is put in its place. The objects hold both forms, and only what asks for it is linked so.
option(LIVEFLOOR_WHOLE "Optimise the programs that ask for it as a whole (gcc)" OFF)
if(LIVEFLOOR_WHOLE AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(livefloor_warnings INTERFACE -flto=auto -ffat-lto-objects)
  add_link_options(-fno-lto)
endif()
function(livefloor_whole program)
  if(LIVEFLOOR_WHOLE AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_link_options(${program} PRIVATE -flto=auto)
  endif()
endfunction()

# It is optimised by what a training run of the same code did (docs/decisions/0025): the rooms are
# built with counters first, which write to LIVEFLOOR_COUNT (preset training, target profile), then
# by what was counted in LIVEFLOOR_COUNTED.
set(LIVEFLOOR_COUNT "" CACHE PATH "Count what the code does, into this directory (gcc)")
set(LIVEFLOOR_COUNTED "" CACHE PATH "Optimise by what was counted there (gcc), if anything was")
if(LIVEFLOOR_COUNT)
  set(LIVEFLOOR_PROFILE -fprofile-generate=${LIVEFLOOR_COUNT} -fprofile-update=prefer-atomic
    -fprofile-prefix-path=${CMAKE_BINARY_DIR})
  add_link_options(-fprofile-generate)
elseif(LIVEFLOOR_COUNTED AND NOT EXISTS ${LIVEFLOOR_COUNTED}/counted)
  message(STATUS "Not optimised by a training run: `make build` does that")
elseif(LIVEFLOOR_COUNTED AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
  # What the training did not come to is built as ever, and so is what changed after it.
  set(LIVEFLOOR_PROFILE -fprofile-use=${LIVEFLOOR_COUNTED} -fprofile-correction
    -fprofile-partial-training -fprofile-prefix-path=${CMAKE_BINARY_DIR}
    -Wno-missing-profile -Wno-coverage-mismatch)
  set(LIVEFLOOR_PROFILE_STAMP ${LIVEFLOOR_COUNTED}/counted)
endif()
if(NOT LIVEFLOOR_PROFILE_STAMP) # some warnings are guesses, which go by what was counted
  target_compile_options(livefloor_warnings INTERFACE -Werror)
endif()

# livefloor_room(NAME SOURCES a.c b.c [ROOMS base ...] [LIBRARIES PkgConfig::X ...])
# makes the static library room_NAME.
function(livefloor_room name)
  cmake_parse_arguments(R "" "" "SOURCES;ROOMS;LIBRARIES" ${ARGN})
  add_library(room_${name} STATIC ${R_SOURCES})
  target_link_libraries(room_${name} PRIVATE livefloor_warnings)
  target_compile_options(room_${name} PRIVATE ${LIVEFLOOR_PROFILE})
  set_source_files_properties(${R_SOURCES} PROPERTIES OBJECT_DEPENDS "${LIVEFLOOR_PROFILE_STAMP}")
  foreach(room ${R_ROOMS})
    target_link_libraries(room_${name} PUBLIC room_${room})
  endforeach()
  target_link_libraries(room_${name} PUBLIC ${R_LIBRARIES})
endfunction()

# livefloor_test(NAME SOURCES x.c ROOMS floor ... [LABELS unit])
# makes a cmocka program and registers it with CTest. It links its own room and
# what that room links, so a call upward fails to link.
function(livefloor_test name)
  cmake_parse_arguments(T "" "" "SOURCES;ROOMS;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE livefloor_warnings ${T_LIBRARIES})
  foreach(room ${T_ROOMS})
    target_link_libraries(${name} PRIVATE room_${room})
  endforeach()
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${name} PRIVATE cmocka)
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600 LABELS "unit;${T_LABELS}")
endfunction()

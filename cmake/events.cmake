# The TensorBoard event message, compiled by protoc into the library.
set(event_proto ${CMAKE_SOURCE_DIR}/frugal/train/event.proto)
set(event_files ${CMAKE_BINARY_DIR}/frugal/train/event.pb.cc ${CMAKE_BINARY_DIR}/frugal/train/event.pb.h)
add_custom_command(OUTPUT ${event_files} DEPENDS ${event_proto} VERBATIM
                   COMMAND protobuf::protoc --proto_path=${CMAKE_SOURCE_DIR} --cpp_out=${CMAKE_BINARY_DIR} ${event_proto})
set_source_files_properties(${event_files} PROPERTIES COMPILE_OPTIONS "-w" GENERATED TRUE)
target_sources(frugal PRIVATE ${event_files})

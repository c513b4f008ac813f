#include "frugal/cli/command.h"

int main(int argc, char** argv) { return frugal::cli::run_program(argc, argv); }

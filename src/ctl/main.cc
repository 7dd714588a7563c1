#include "ctl/run.h"

int main(int argc, char** argv) { return cluster::ctl::run(argc, argv); }

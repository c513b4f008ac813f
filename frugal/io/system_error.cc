#include "frugal/io/system_error.h"

#include <cerrno>
#include <system_error>

#include "frugal/base/error.h"

namespace frugal {
namespace {

struct Words {
  std::string reason, hint;
};

Words words_for(int code) {
  switch (code) {
    case ENOENT:
      return {"no such file or folder", ""};
    case ENOTDIR:
      return {"a part of the path is a file, not a folder", ""};
    case EISDIR:
      return {"it is a folder, a file was expected", ""};
    case EACCES:
    case EPERM:
      return {"permission denied", "check the owner and the permissions of the file and its folder"};
    case EROFS:
      return {"the file system is read-only", "choose another folder"};
    case ENOSPC:
      return {"the disk is full", "free some space and run the command again"};
    case EDQUOT:
      return {"the disk quota is used up", "free some space and run the command again"};
    case EFBIG:
      return {"the file would be larger than the file system or the process may write", ""};
    default:
      return {std::generic_category().message(code), ""};
  }
}

}  // namespace

void throw_system_error(const std::string& path, const std::string& action, int code) {
  const Words words = words_for(code);
  throw Error(path, "cannot " + action + ": " + words.reason, words.hint);
}

}  // namespace frugal

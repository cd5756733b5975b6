// An open netCDF file, as a C++ object: RAII, exceptions instead of status codes, and one lock.
//
// netCDF-C (and HDF5 under it) is not thread-safe, not even for different files, and Node loads this module once for all worker
// threads. So every call takes the one lock of the process; that lock is the only global.
#pragma once
#include <netcdf.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "netcdf_error.h"

namespace retroplume::netcdf {

struct Dimension {
  std::string name;
  size_t length;
  bool unlimited;
};

struct Variable {
  std::string name;
  nc_type type;
  std::vector<std::string> dimensions;
};

/// Numbers lie in `bytes` in the machine's order; text (NC_CHAR) too; NC_STRING in `strings`.
struct Attribute {
  std::string name;
  nc_type type;
  size_t length;
  std::vector<char> bytes;
  std::vector<std::string> strings;
};

/// A group of a netCDF-4 file, which holds variables of its own; the name with those of the groups around it, as PRODUCT/SUPPORT_DATA.
struct Group {
  std::string name;
  std::vector<Variable> variables;
};

/// How a new variable lies on disk (netCDF-4 only, but for the name).
struct Storage {
  int deflate = 0;             ///< 0 none … 9
  std::vector<size_t> chunks;  ///< empty: netCDF's own choice
};

class Dataset {
 public:
  static constexpr const char* kGlobal = "";  ///< in place of a variable's name: the file's own attributes

  /// Whether an HDF5 file is opened in a process of its own first; see trial_open.h.
  enum class Trial { none, first };

  /// Opens an existing file.
  Dataset(const std::string& path, bool writable, Trial trial = Trial::first);
  /// Creates a file in the place of one, or of a link, that is there. `mode`: the format flags of nc_create. `prefill`: whether values never written
  /// are filled.
  Dataset(const std::string& path, int mode, bool prefill);
  ~Dataset();
  Dataset(const Dataset&) = delete;
  Dataset& operator=(const Dataset&) = delete;

  void close();
  void sync();
  void beginDefine();  ///< of a file that is there: classic headers may grow, and what comes after them is moved
  void endDefine();
  bool closed() const { return ncid_ < 0; }
  const std::string& path() const { return path_; }

  std::string format() const;
  std::vector<Dimension> dimensions() const;
  std::vector<Variable> variables() const;  ///< outside of all groups
  std::vector<Group> groups() const;        ///< those that hold variables; these are named GROUP/NAME where a variable is asked for
  std::vector<size_t> shapeOf(const std::string& variable) const;
  nc_type typeOf(const std::string& variable) const;
  std::vector<Attribute> attributes(const std::string& variable) const;

  /// NC_UNLIMITED for a record dimension. A name such as GROUP/NAME lies in a group, which is made where there is none; so do variables.
  void defineDimension(const std::string& name, size_t length);
  void defineVariable(const std::string& name, nc_type type, const std::vector<std::string>& dimensions, const Storage& storage);
  void putAttribute(const std::string& variable, const std::string& name, nc_type type, size_t length, const void* data);

  /// Hyperslab [start, start + count) into or from `data`, which holds `type`; netCDF converts from the file's type.
  void read(const std::string& variable, const std::vector<size_t>& start, const std::vector<size_t>& count, nc_type type, void* data) const;
  void write(const std::string& variable, const std::vector<size_t>& start, const std::vector<size_t>& count, nc_type type, const void* data);
  /// Keeps the chunks that slabs of `count` meet, decompressed, between reads, where they take less than some hundred megabytes: slabs thinner than a
  /// chunk need it again.
  void keepChunks(const std::string& variable, const std::vector<size_t>& count) const;
  /// Reads all values of HDF5's chunks outside of groups in a process of its own; throws what came of it. `read` does so where chunks have checksums,
  /// which are rare.
  void tryValues() const;
  std::vector<std::string> readStrings(const std::string& variable, const std::vector<size_t>& start, const std::vector<size_t>& count) const;

 private:
  void check(int status, const std::string& doing) const;
  void requireOpen(const std::string& doing) const;
  /// A variable as netCDF-C knows it: the group's number and its own.
  struct Place {
    int ncid;
    int id;
  };
  Place placeOf(const std::string& variable) const;
  /// The group of a name that is about to be defined, made where there is none, and the name in it.
  std::pair<int, std::string> groupFor(const std::string& name);
  Place slabVariable(const std::string& variable, const std::vector<size_t>& start, const std::vector<size_t>& count) const;
  std::vector<Variable> variablesOf(int ncid) const;
  void addGroups(int ncid, const std::string& prefix, std::vector<Group>& found) const;
  std::string dimensionName(int ncid, int id) const;
  bool isChunked(Place place) const;
  bool hasChecksum(Place place) const;
  Attribute readAttribute(Place place, int index) const;

  std::string path_;
  int ncid_ = -1;
  bool shared_ = false;   ///< the file is open for others who read it, too
  bool tried_ = false;    ///< what may crash HDF5 is tried first
  bool writing_ = false;  ///< open for writing and out of define mode: there is something to flush
};

/// In a forked process: the lock, which was held across the fork, knows its owner by a thread that is not there any more.
void renewLockAfterFork();

/// Bytes of one value of an atomic type; 0 for NC_STRING and user-defined types.
size_t sizeOf(nc_type type);

}  // namespace retroplume::netcdf

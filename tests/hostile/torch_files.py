"""Hostile pickles and torch archives for make.py; the pickles are written by hand, opcode by opcode."""
import io
import struct
import zipfile


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return b"X" + struct.pack("<I", len(data)) + data


def number(value):
    if 0 <= value < 256:
        return b"K" + bytes([value])
    size = value.bit_length() // 8 + 1  # LONG1
    return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)


def name(module, thing):
    return b"c" + module.encode() + b"\n" + thing.encode() + b"\n"


def tup(*items):
    return b"(" + b"".join(items) + b"t"


ORDERED = name("collections", "OrderedDict") + b")R"


def storage(elements=2, key="0", type="FloatStorage", view=()):
    return tup(text("storage"), name("torch", type), text(key), text("cpu"), number(elements), *view) + b"Q"


def tensor(shape=(2,), strides=(1,), offset=0, hooks=ORDERED, tail=b"", **more):
    return (name("torch._utils", "_rebuild_tensor_v2") + b"(" + storage(**more) + number(offset)
            + tup(*map(number, shape)) + tup(*map(number, strides)) + b"\x89" + hooks + tail + b"tR")


def pickled(body):
    return b"\x80\x02" + body + b"."


def state(value, key="a"):
    return pickled(b"}" + text(key) + value + b"s")


GOOD = state(tensor())
EIGHT = bytes(8)
DEEP = 10_000

# Read as a state dict with one storage, "0", of 8 bytes: name, content, what is wrong, error.
PICKLES = [
    ("empty", b"", "no bytes at all", "at byte 0: it is cut off"),
    ("no_stop", GOOD[:-1], "ends before STOP", "it is cut off"),
    ("empty_stack", b"\x80\x02.", "STOP with nothing on the stack", "0 values on the stack"),
    ("two_values", b"\x80\x02}}.", "STOP with two values", "2 values on the stack"),
    ("open_mark", b"\x80\x02}(.", "STOP within a MARK", "stops within a MARK"),
    ("protocol_six", b"\x80\x06}.", "a protocol of the future", "its protocol is 6"),
    ("frame_beyond", b"\x80\x04\x95" + struct.pack("<Q", 2**63) + b"}.", "a frame longer than the file",
     "a frame reaches beyond its end"),
    ("os_system", pickled(name("os", "system") + tup(text("echo owned")) + b"R"), "calls a shell",
     'asks for the global "os.system"'),
    ("posix_system_stack_global", b"\x80\x04" + text("posix") + text("system") + b"\x93" + tup(text("id")) + b"R.",
     "the same by STACK_GLOBAL", 'asks for the global "posix.system"'),
    ("builtins_eval", state(name("builtins", "eval") + tup(text("1")) + b"R"), "evaluates text",
     'asks for the global "builtins.eval"'),
    ("getattr_chain", pickled(name("torch._utils", "_rebuild_tensor_v2.__globals__")), "a dotted name",
     'asks for the global "torch._utils._rebuild_tensor_v2.__globals__"'),
    ("load_from_bytes", pickled(name("torch.storage", "_load_from_bytes")), "a pickle in a pickle",
     'asks for the global "torch.storage._load_from_bytes"'),
    ("global_escape", pickled(name("os\x1b[2J", "system")), "a terminal escape in a name", "os\\u001b[2J.system"),
    ("global_long", pickled(b"c" + b"a" * 5000 + b"\nb\n"), "a name of 5,000 bytes", "name has no end"),
    ("global_not_text", b"\x80\x04NN\x93.", "a global named by None", "a global's name is no text"),
    ("opcode_inst", b"(ios\nsystem\n.", "INST, which calls", "the opcode INST is not allowed"),
    ("opcode_obj", b"(cos\nsystem\no.", "OBJ, which calls", 'asks for the global "os.system"'),
    ("opcode_newobj", pickled(name("collections", "OrderedDict") + b")\x81"), "NEWOBJ, which calls",
     "the opcode NEWOBJ is not allowed"),
    ("opcode_ext", b"\x80\x02\x82\x01.", "a global by number", "the opcode EXT1 is not allowed"),
    ("opcode_persid", b"P0\n.", "a persistent id as text", "the opcode PERSID is not allowed"),
    ("opcode_bytes", b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b".", "4 EiB of bytes",
     "the opcode BINBYTES8 is not allowed"),
    ("opcode_bytearray", b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b".", "a bytearray of 1 TiB",
     "the opcode BYTEARRAY8 is not allowed"),
    ("opcode_unknown", b"\x80\x02\xff.", "a byte that is no opcode", "the opcode 0xff is not allowed"),
    ("text_beyond", b"X\xff\xff\xff\xff.", "a text of 4 GiB", "a text has 4294967295 bytes"),
    ("text_cut", b"X\x10\x00\x00\x00a.", "a text beyond the end", "it is cut off"),
    ("memo_huge", b"\x80\x02}r\xff\xff\xff\xff.", "memo number 2^32 - 1", "the memo's index 4294967295 is too high"),
    ("memo_gap", b"\x80\x02}q\xff.", "memo number 255 as the first", "the memo's index 255 is too high"),
    ("memo_unset", b"\x80\x02h\x00.", "a memo that was never set", "the memo holds nothing at 0"),
    ("memo_of_nothing", b"\x80\x02q\x00.", "nothing to put into the memo", "its stack has run empty"),
    ("marks_deep", b"(" * DEEP + b"t" * DEEP + b".", "10,000 nested tuples", "nested deeper than 64"),
    ("tuples_deep", b")" + b"\x85" * DEEP + b".", "the same without MARK",
     "holds a tuple, a dictionary of tensors was expected"),
    ("tuple_recursive", b"\x80\x02(]q\x00h\x00at.", "a list that holds itself", "holds a tuple"),
    ("dict_recursive", b"\x80\x02}q\x00" + text("a") + b"h\x00s.", "a dictionary that holds itself",
     'tensor "a": is a dictionary'),
    ("pop_below_mark", b"\x80\x02K\x01(\x85.", "a tuple of what is below the MARK", "its stack has run empty"),
    ("no_mark", b"\x80\x02t.", "a tuple without MARK", "no MARK"),
    ("call_number", b"\x80\x02K\x01)R.", "calls a number", "it calls an integer"),
    ("call_storage_type", state(name("torch", "FloatStorage") + b")R"), "calls an element type",
     "it calls FloatStorage"),
    ("call_not_tuple", pickled(name("collections", "OrderedDict") + b"]R"), "calls with a list", "not a tuple"),
    ("ordered_dict_odd", pickled(name("collections", "OrderedDict") + b"]]K\x01aa\x85R"), "pairs that are none",
     "no pair"),
    ("append_to_dict", b"\x80\x02}K\x01a.", "appends to a dictionary", "it appends to a dictionary"),
    ("set_in_list", b"\x80\x02]K\x01K\x01s.", "sets an item of a list", "it sets an item of a list"),
    ("key_without_value", b"\x80\x02}(K\x01u.", "a key without a value", "a key has no value"),
    ("key_list", b"\x80\x02}]K\x01s.", "a list as a key", "a key is a list"),
    ("build_tensor", state(tensor() + b"}b"), "sets the state of a tensor", "sets the state of a tensor"),
    ("persistent_number", b"\x80\x02K\x01Q.", "a persistent id that is no tuple", "a persistent id is an integer"),
    ("persistent_short", pickled(tup(text("storage")) + b"Q"), "a persistent id of one item", "a persistent id is not"),
    ("persistent_module", pickled(tup(text("module"), *[b"N"] * 4) + b"Q"), "a module's source", "a persistent id is not"),
    ("storage_type", state(tensor()).replace(b"torch\nFloatStorage", b"collections\nOrderedDict"), "a storage of OrderedDict",
     "OrderedDict is no type of storage"),
    ("storage_complex", state(tensor(type="ComplexFloatStorage")), "complex numbers",
     'asks for the global "torch.ComplexFloatStorage"'),
    ("storage_view", state(tensor(view=[tup(text("1"), number(0), number(1))])), "a view of another storage",
     "a storage is a view of another"),
    ("storage_negative", state(tensor(elements=-1)), "minus one element", "a storage's size is negative"),
    ("storage_overflow", state(tensor(elements=2**62)), "2^62 elements of 4 bytes", "overflows"),
    ("storage_too_small", state(tensor(elements=3, shape=(3,))), "more elements than the storage has",
     "should have 12 bytes and has 8"),
    ("storage_too_big", state(tensor(elements=1, shape=(1,))), "fewer elements than the storage has",
     "should have 4 bytes and has 8"),
    ("storage_missing", state(tensor(key="7")), "a storage that is not there", 'has no storage "7"'),
    ("storage_path", state(tensor(key="../byteorder")), "a storage's key that leads elsewhere",
     'has no storage "../byteorder"'),
    ("storage_two_types", pickled(b"}" + text("a") + tensor() + b"s" + text("b") + tensor(type="IntStorage") + b"s"),
     "one storage as two types", "of another type or size elsewhere"),
    ("shape_beyond", state(tensor(shape=(3,))), "three elements of two", "reach beyond its storage of 2 elements"),
    ("offset_beyond", state(tensor(offset=1)), "starts too late", "reach beyond its storage"),
    ("offset_max", state(tensor(offset=2**63 - 1)), "offset 2^63 - 1", "reach beyond its storage"),
    ("offset_negative", state(tensor(offset=-1)), "starts before the storage", "a tensor's offset is negative"),
    ("stride_beyond", state(tensor(strides=(2,))), "a stride over the end", "reach beyond its storage"),
    ("stride_negative", state(tensor(offset=1, strides=(-1,))), "walks backwards", "strides is negative"),
    ("stride_overflow", state(tensor(shape=(2**32, 2), strides=(2**32, 1))), "an end that wraps to the size",
     "reach beyond its storage"),
    ("stride_wraps", state(tensor(shape=(5,), strides=(2**62,))), "4 * 2^62 wraps to 0", "reach beyond its storage"),
    ("expanded", state(tensor(shape=(2**40,), strides=(0,))), "one element as a TiB", "strides [0] repeat elements"),
    ("shape_negative", state(tensor(shape=(-1,))), "a negative dimension", "shape is negative"),
    ("shape_overflow", state(tensor(shape=(2**62, 4), strides=(0, 0))), "a product that wraps to 0", "overflows"),
    ("shape_zero_overflow", state(tensor(shape=(0, 2**62, 4), strides=(0, 0, 0))), "a zero hides an overflow", "overflows"),
    ("shape_above_64_bits", state(tensor(shape=(2**70,))), "a dimension of 70 bits", "an integer of more than 64 bits"),
    ("shape_text", state(tensor()).replace(tup(number(2)), tup(text("2"))), "a dimension as text", "shape is text"),
    ("rank_nine", state(tensor(shape=(1,) * 9, strides=(1,) * 9)), "nine dimensions", "at most 8 are allowed"),
    ("rank_differs", state(tensor(shape=(2, 1))), "two dimensions, one stride", "2 dimensions and 1 strides"),
    ("hooks", state(tensor(hooks=ORDERED + text("0") + text("hook") + b"s")), "a hook", "hooks is not empty"),
    ("metadata_negate", state(tensor(tail=b"}" + text("neg") + b"\x88s")), "negated when read", "metadata is not empty"),
    ("parameter_of_text", state(name("torch._utils", "_rebuild_parameter") + tup(text("x"), b"\x88", ORDERED) + b"R"),
     "a parameter that is text", "a parameter's data is text"),
    ("top_tensor", pickled(tensor()), "a tensor by itself", "holds a tensor, a dictionary"),
    ("top_list", pickled(b"]" + tensor() + b"a"), "a list of tensors", "holds a list, a dictionary"),
    ("entry_number", pickled(b"}" + text("epoch") + b"K\x03s"), "a training state", 'tensor "epoch": is an integer'),
    ("name_number", pickled(b"}K\x01" + tensor() + b"s"), "a number as a name", "a tensor's name is an integer"),
    ("name_twice", pickled(b"}" + text("a") + tensor() + b"s" + text("a") + tensor() + b"s"), "a name twice",
     'tensor "a": is there twice'),
    ("name_control", state(tensor(), "a\x1b[2J"), "a terminal escape in a name", "control character"),
    ("name_utf8", state(tensor(), b"a\xff"), "a name that is not UTF-8", "not UTF-8"),
    ("name_long", state(tensor(), "n" * 513), "a name of 513 bytes", "the limit is 512"),
]


def archive(entries, compression=zipfile.ZIP_STORED):
    """A zip archive of (name, bytes) pairs, the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        for entry, data in entries:
            info = zipfile.ZipInfo(entry, (1980, 1, 1, 0, 0, 0))
            info.compress_type = compression
            out.writestr(info, data)
    return buffer.getvalue()


def model(pickle=GOOD, data=EIGHT, **more):
    return archive([("m/data.pkl", pickle), ("m/byteorder", more.get("order", b"little")), ("m/data/0", data)],
                   more.get("compression", zipfile.ZIP_STORED))


def patched(data, at, value):
    """The bytes with `value` (packed) put at `at`; negative positions count from the end."""
    at %= len(data)
    return data[:at] + value + data[at + len(value):]


def renamed(data, old, new):
    assert len(old) == len(new) and data.count(old) == 2
    return data.replace(old, new)


MODEL = model()
CENTRAL = MODEL.index(b"PK\x01\x02")  # of m/data.pkl
LAST = MODEL.rindex(b"PK\x01\x02")  # of m/data/0
LAST_LOCAL = MODEL.rindex(b"PK\x03\x04")
END64 = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 3, 3, len(MODEL) - CENTRAL - 22, CENTRAL)


def with_zip64(record, at, narrow=MODEL[-22:]):
    return MODEL[:-22] + record + struct.pack("<IIQI", 0x07064B50, 0, at, 1) + narrow


LEGACY_HEAD = (pickled(b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19") + pickled(b"M\xe9\x03")
               + pickled(b"}" + text("little_endian") + b"\x88s"))


def legacy(body=GOOD, keys=pickled(b"]" + text("0") + b"a"), storages=struct.pack("<Q", 2) + EIGHT, head=LEGACY_HEAD):
    return head + body + keys + storages


# m/data/0 holds the header and the bytes of m/data/1, which the directory lists as an entry too.
INNER = model()[LAST_LOCAL:CENTRAL].replace(b"m/data/0", b"m/data/1")
OUTER = archive([("m/data.pkl", GOOD), ("m/data/0", INNER), ("m/data/1", EIGHT)])
OVERLAP = patched(OUTER, OUTER.rindex(b"PK\x01\x02") + 42, struct.pack("<I", OUTER.index(INNER)))

ARCHIVES = [
    ("behind_stop", model(GOOD + b"N"), "bytes behind the pickle's STOP", "1 bytes behind the pickle"),
    ("storage_missing", model(state(tensor(key="7"))), "a storage that is not there", 'has no entry "m/data/7"'),
    ("empty", b"", "no bytes at all", "is empty"),
    ("git_lfs_pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
     "a pointer in place of the file", "git lfs pull"),
    ("safetensors", struct.pack("<Q", 2) + b"{}", "another format under this name", "looks like a safetensors file"),
    ("plain_pickle", GOOD, "a bare pickle", "is no torch file"),
    ("zip_start_only", b"PK\x03\x04" + bytes(60), "no directory", "does not end with a directory"),
    ("zip_empty", archive([]), "an archive of nothing", "it has no data.pkl"),
    ("zip_other", archive([("word/document.xml", b"<w/>")]), "an archive of something else", "it has no data.pkl"),
    ("zip_two_models", archive([("a/data.pkl", GOOD), ("b/data.pkl", GOOD)]), "two pickles", "two data.pkl"),
    ("zip_cut", MODEL[:-1], "the last byte is missing", "does not end with a directory"),
    ("zip_trailing", MODEL + b"x", "a byte behind the end", "does not end with a directory"),
    ("zip_bomb", model(data=bytes(1 << 20), compression=zipfile.ZIP_DEFLATED), "a megabyte packed into a kilobyte",
     "is compressed (method 8)"),
    ("zip_encrypted", patched(MODEL, CENTRAL + 8, b"\x01"), "an encrypted entry", "is encrypted"),
    ("zip_name_up", renamed(MODEL, b"m/data/0", b"../ata/0"), "a name that leads out", "leads out of the archive"),
    ("zip_name_absolute", renamed(MODEL, b"m/data/0", b"/etc/abc"), "an absolute name", "its name is absolute"),
    ("zip_name_backslash", renamed(MODEL, b"m/data/0", b"m\\data\\0"), "a backslash", "a backslash"),
    ("zip_name_nul", renamed(MODEL, b"m/data/0", b"m/data\x000"), "NUL in a name", "control character"),
    ("zip_name_empty", archive([("", b"x")]), "an entry without a name", "its name is empty"),
    ("zip_name_twice", renamed(archive([("m/data.pkl", GOOD), ("m/data.pkx", GOOD)]), b"m/data.pkx", b"m/data.pkl"),
     "two entries of one name", "is there twice"),
    ("zip_local_name", patched(MODEL, LAST_LOCAL + 30, b"n"), "two names for one entry", "contradicts the directory"),
    ("zip_local_method", patched(MODEL, LAST_LOCAL + 8, b"\x08"), "stored here, compressed there", "contradicts the directory"),
    ("zip_local_size", patched(MODEL, LAST_LOCAL + 22, b"\x07"), "two sizes for one entry", "contradicts the directory"),
    ("zip_packed_size", patched(MODEL, LAST + 20, b"\x07"), "stored in fewer bytes", "packed size is not its size"),
    ("zip_same_place", patched(MODEL, LAST + 42, struct.pack("<I", 0)), "two entries at one place",
     "contradicts the directory"),
    ("zip_overlap", OVERLAP, "an entry within the bytes of another", 'overlaps entry "m/data/0"'),
    ("zip_beyond", patched(patched(MODEL, LAST + 20, struct.pack("<II", 4096, 4096)), LAST_LOCAL + 18,
                           struct.pack("<II", 4096, 4096)), "an entry longer than the file", "reach beyond the directory"),
    ("zip_offset", patched(MODEL, LAST + 42, struct.pack("<I", 2**31)), "an entry behind the end", "has no header at"),
    ("zip_offset_no_header", patched(MODEL, LAST + 42, struct.pack("<I", 1)), "an entry in the midst of another",
     "has no header at 1"),
    ("zip_checksum", patched(MODEL, CENTRAL - 1, b"x"), "a byte of a storage changed", "do not match their checksum"),
    ("zip_entries_more", patched(patched(MODEL, -12, b"\x04"), -14, b"\x04"), "more entries than the directory holds",
     "cannot hold 4 entries"),
    ("zip_entries_fewer", patched(patched(MODEL, -12, b"\x02"), -14, b"\x02"), "fewer entries than the directory holds",
     "bytes behind its last entry"),
    ("zip_entries_max", patched(patched(MODEL, -12, b"\xff\xff"), -14, b"\xff\xff"), "65,535 entries", "cannot hold 65535 entries"),
    ("zip_directory_beyond", patched(MODEL, -10, struct.pack("<I", 2**31)), "a directory longer than the file", "reaches beyond"),
    ("zip_directory_offset", patched(MODEL, -6, struct.pack("<I", 2**32 - 2)), "a directory behind the end", "reaches beyond"),
    ("zip_directory_shifted", patched(MODEL, -6, struct.pack("<I", CENTRAL - 1)), "a directory that starts early",
     "its directory is damaged"),
    ("zip_disks", patched(MODEL, -18, b"\x01"), "the second of two disks", "several disks"),
    ("zip_extra_damaged", patched(MODEL, LAST + 30, b"\x04"), "extra fields beyond the directory", "cut off"),
    ("zip64_no_field", patched(MODEL, LAST + 24, b"\xff" * 4), "a wide size that is not there", "zip64 field is missing"),
    ("zip64_no_record", with_zip64(b"", 5), "a locator that points to nothing", "zip64 record is not where"),
    ("zip64_record_wraps", with_zip64(END64, 2**64 - 8), "a locator that wraps", "zip64 record is not where"),
    ("zip64_contradicts", with_zip64(patched(END64, 24, struct.pack("<QQ", 2, 2)), len(MODEL) - 22),
     "two numbers of entries", "contradict each other"),
    ("zip64_entries", with_zip64(patched(END64, 24, struct.pack("<QQ", 2**60, 2**60)), len(MODEL) - 22,
                                 patched(MODEL[-22:], 8, b"\xff\xff\xff\xff")), "2^60 entries", "the limit is"),
    ("byteorder_big", model(order=b"big"), "written on a big-endian machine", 'its byte order is "big"'),
    ("legacy_magic", legacy(head=LEGACY_HEAD.replace(b"\x50\x19", b"\x50\x18", 1)), "another magic number",
     "its magic number is another"),
    ("legacy_version", legacy(head=LEGACY_HEAD.replace(b"M\xe9\x03", b"M\xea\x03")), "another version",
     "its version is not 1001"),
    ("legacy_big_endian", legacy(head=LEGACY_HEAD.replace(b"\x88s", b"\x89s")), "a big-endian machine",
     "its byte order is big"),
    ("legacy_cut_pickle", legacy()[:150], "ends within the state dict", "it is cut off"),
    ("legacy_cut_length", legacy()[:-12], "ends within a length", "is cut off before storage"),
    ("legacy_cut_data", legacy()[:-1], "the last byte is missing", "is cut off: storage"),
    ("legacy_elements_overflow", legacy(storages=struct.pack("<Q", 2**62) + EIGHT), "2^62 elements of 4 bytes",
     "is cut off: storage"),
    ("legacy_elements_fewer", legacy(storages=struct.pack("<Q", 1) + EIGHT[:4]), "fewer elements than the pickle says",
     "should have 8 bytes and has 4"),
    ("legacy_trailing", legacy() + b"x", "a byte behind the last storage", "1 bytes behind its last storage"),
    ("legacy_no_keys", legacy(keys=pickled(b"}")), "no list of storages", "no list of storages"),
    ("legacy_key_unknown", legacy(keys=pickled(b"]" + text("9") + b"a")), "a storage that no tensor names",
     "that no tensor names"),
    ("legacy_key_missing", legacy(keys=pickled(b"]"), storages=b""), "a storage that is not there", 'has no storage "0"'),
    ("legacy_key_twice", legacy(keys=pickled(b"]" + text("0") + b"a" + text("0") + b"a"),
                                storages=(struct.pack("<Q", 2) + EIGHT) * 2), "a storage twice", "twice"),
    ("legacy_os_system", legacy(body=pickled(name("os", "system") + tup(text("echo owned")) + b"R")), "calls a shell",
     'asks for the global "os.system"'),
]

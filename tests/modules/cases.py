# SPDX-License-Identifier: GPL-2.0-or-later
"""The bad modules, by the numbers of docs/design/modules.md; 100 and up are our own.

A case: title; make(shop, name) -> path or (path, commands of load-one); expect: what the answer
must match; ok: it must load; slow: it may take as long as a probe; during(run, path): feeds a run
that pauses; env: environment.
"""

import os
import shutil
import subprocess

from elfpatch import DT, Elf

CASES = {}


def case(number, title, expect, make, **more):
    CASES[str(number)] = {"title": title, "expect": expect, "make": make, **more}


def patched(change):
    """A copy of the good module after @change(Elf)."""
    def make(shop, name):
        with open(shop.good, "rb") as file:
            elf = Elf(file.read())
        result = change(elf)
        path = shop.path(name, "subject.so")
        with open(path, "wb") as file:
            file.write(bytes(result) if isinstance(result, (bytes, bytearray)) else elf.data)
        return path
    return make


def written(data, mode=0o644):
    def make(shop, name):
        path = shop.path(name, "subject.so")
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, mode)
        return path
    return make


def copied(act):
    """The good module, copied to a folder of its own; @act(path) then spoils the place."""
    def make(shop, name):
        path = shop.path(name, "subject.so")
        shutil.copy(shop.good, path)
        return act(path) or path
    return make


def built(*replace, extra="", **more):
    return lambda shop, name: shop.build(name, replace=replace, extra=extra, **more)


def constructor(body, before=""):
    return built(extra=f"{before}\n__attribute__((constructor)) static void begin(void)\n"
                       f"{{\n{body}\n}}\n")


def noted(change):
    return lambda shop, name: shop.build(name, note=change)


# Files

def make_missing(shop, name):
    return shop.path(name, "subject.so")


def make_directory(shop, name):
    path = shop.path(name, "subject.so")
    os.mkdir(path)
    return path


def make_link(target):
    def make(shop, name):
        path = shop.path(name, "subject.so")
        os.symlink(target, path)
        return path
    return make


def make_fifo(shop, name):
    path = shop.path(name, "subject.so")
    os.mkfifo(path)
    return path


def world_parent(path):
    os.chmod(os.path.dirname(path), 0o777)


def foreign(path):
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
    else:
        shutil.copy(path, path + ".own")


def unreadable(path):
    os.chmod(path, 0)


def odd_name(name):
    text = os.fsdecode(name)
    return lambda shop, _: (text, ["state", f"load={text}", "state", f"load={shop.good}"])


case(1, "missing file", "No such file", make_missing)
case(2, "directory", "it is a directory", make_directory)
case(3, "empty file", "its size of 0 bytes", written(b""))
case(4, "shell script", "no ELF file", written(b"#!/bin/sh\n" + b"exit 0\n" * 40))
case(5, "linker script", "no ELF file", written(b"INPUT ( -lc )\n" * 10))
case(6, "dangling link", "No such file", make_link("nowhere.so"))
case(7, "link loop", "[Ll]evels of symbolic links", make_link("subject.so"))
case(8, "pipe", "it is a pipe", make_fifo)
case(9, "/dev/zero", "it is a device", make_link("/dev/zero"))
if os.geteuid() == 0:
    # Root reads everything: the mode is no obstacle, and the file is as good as before.
    case(10, "mode 000, as root", "load: ok", copied(unreadable), ok=True)
    case(13, "owner nobody", "belongs to user 65534", copied(foreign))
else:
    case(10, "mode 000", "Permission denied", copied(unreadable))
case(11, "writable by all", "written by everybody",
     copied(lambda path: os.chmod(path, 0o666)))


def make_group(shop, name):
    """A group that can write the host itself is trusted with modules, too: then one of its own."""
    path = shop.path(name, "subject.so")
    shutil.copy(shop.good, path)
    host = os.stat(shop.args.load_one)
    os.chmod(path, 0o664 if not host.st_mode & 0o020 or host.st_gid != os.stat(path).st_gid
             else 0o666)
    return path


case(12, "writable by its group", "can be written by", make_group)
case(14, "folder writable by all", "its directory .* can be written by everybody",
     copied(world_parent))
case("15a", "name with ../", "No such file", odd_name("../../../nowhere/subject.so"))
case("15b", "name with a newline", "no name of a module", odd_name("sub\nject"), shown="sub")
case("15c", "name that is not UTF-8", "no name of a module", odd_name(b"sub\xffject"),
     shown="sub")
case("15d", "name longer than a path may be", "no name of a module", odd_name("/" + "a" * 5000),
     shown="aaaa")
case("15e", "empty name", "no name of a module", odd_name(""), shown="''")


def make_noexec(shop, name):
    folder = os.path.dirname(shop.path(name, "x"))
    mount = ["mount", "-t", "tmpfs", "-o", "noexec,mode=755", "tmpfs", folder]
    if subprocess.run(mount, stderr=subprocess.DEVNULL).returncode != 0:
        return None
    path = os.path.join(folder, "subject.so")
    shutil.copy(shop.good, path)
    return path


def leave_noexec(run, path):
    output = run.communicate(timeout=60)[0]
    subprocess.run(["umount", os.path.dirname(path)], check=True)
    return output


def can_mount():
    probe = "mount -t tmpfs tmpfs /mnt && umount /mnt"
    return os.geteuid() == 0 and subprocess.run(
        ["unshare", "-m", "sh", "-c", probe], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL).returncode == 0


if can_mount():
    case(16, "file system without execution", "noexec", make_noexec, during=leave_noexec)

# ELF

case(17, "first 40 bytes", "its size of 40", patched(lambda e: e.data[:40]))
case(18, "first 64 bytes", "beyond the end|cut short", patched(lambda e: e.data[:64]))
case(19, "first half", "beyond the end|cut short", patched(lambda e: e.data[:len(e.data) // 2]))
case(20, "first page", "beyond the end|cut short", patched(lambda e: e.data[:4096]))
case(21, "last 200 bytes lost", "cut short", patched(lambda e: e.data[:-200]))
case(22, "32-bit class", "word size", patched(lambda e: e.header(**{"class": 1})))
case(23, "big-endian", "byte order", patched(lambda e: e.header(data=2)))
case(24, "ELF version 9", "its ELF version is 9", patched(lambda e: e.header(ei_version=9)))
case(25, "OS ABI 99", "OS ABI 99", patched(lambda e: e.header(osabi=99)))
case(26, "another machine", "ELF machine 183", patched(lambda e: e.header(machine=183)))


def make_object(shop, name):
    path = shop.path(name, "subject.so")
    shop.cc("-c", "-o", path, *shop.cflags, shop.path("good", "subject.c"))
    return path


def make_program(*flags):
    def make(shop, name):
        source = shop.path(name, "main.c")
        with open(source, "w", encoding="utf-8") as file:
            file.write("int main(void) { return 0; }\n")
        path = shop.path(name, "subject.so")
        shop.cc("-o", path, *flags, source, shop.note(name))
        return path
    return make


case(27, "relocatable object", "no shared object|program headers", make_object)
case(28, "position-independent program", "it is a program", make_program("-pie", "-fPIE"))
case(29, "static program", "no shared object", make_program("-static", "-no-pie"))
case("30a", "no program headers", "0 program headers", patched(lambda e: e.header(phnum=0)))
case("30b", "65535 program headers", "65535 program headers",
     patched(lambda e: e.header(phnum=0xffff)))
case(31, "program headers far outside", "beyond the end",
     patched(lambda e: e.header(phoff=1 << 62)))
case(32, "program headers of 8 bytes", "headers of 8 bytes",
     patched(lambda e: e.header(phentsize=8)))
case(33, "segment past the end", "beyond the end",
     patched(lambda e: e.phdr("LOAD", 1, offset=1 << 30)))
case(34, "segment of 2^46 bytes", "memory size", patched(lambda e: e.phdr("LOAD", 3,
                                                                          memsz=1 << 46)))
case(35, "alignment of 2^40", "alignment", patched(lambda e: e.phdr("LOAD", 1, align=1 << 40)))
case(36, "no dynamic section", "0 dynamic sections",
     patched(lambda e: e.phdr("DYNAMIC", type=0)))
WILD = {"STRTAB": "string table", "SYMTAB": "symbol table", "GNU_HASH": "symbol hash",
        "RELA": "relocations", "JMPREL": "relocations", "INIT": "start or end function",
        "FINI": "start or end function", "INIT_ARRAY": "start or end function",
        "FINI_ARRAY": "start or end function", "PLTGOT": "offset table",
        "VERSYM": "symbol versions", "VERNEED": "symbol version"}
for _n, (_tag, _expect) in enumerate(WILD.items()):
    for _value in (0x7fff12345678, 1 << 63):
        case(f"37{chr(97 + _n)}{'' if _value == 1 << 63 else '2'}", f"DT_{_tag} = {_value:#x}",
             _expect, patched(lambda e, t=_tag, v=_value: e.dynamic(t, v) if e.has(t)
                              else e.dynamic("STRTAB", v)) if _tag not in ("VERSYM", "VERNEED")
             else (lambda shop, name, t=_tag, v=_value: versioned(shop, name, t, v)))


def versioned(shop, name, tag, value):
    path = shop.build(name, extra="#include <unistd.h>\n__attribute__((used)) static int use(void)"
                                  " { return getpid(); }\n")
    with open(path, "rb") as file:
        elf = Elf(file.read())
    elf.dynamic(tag, value)
    with open(path, "wb") as file:
        file.write(elf.data)
    return path


case("38a", "RELASZ huge", "relocations", patched(lambda e: e.dynamic("RELASZ", 1 << 40)))
case("38b", "STRSZ huge", "string table", patched(lambda e: e.dynamic("STRSZ", 1 << 40)))
case("38c", "INIT_ARRAYSZ huge", "start or end",
     patched(lambda e: e.dynamic("INIT_ARRAYSZ", 1 << 40)))
case("38d", "RELAENT 7", "unknown kind", patched(lambda e: e.dynamic("RELAENT", 7)))
case("38e", "no DT_NULL", "has no end",
     patched(lambda e: e.phdr("DYNAMIC", filesz=16 * 8, memsz=16 * 8)))
case("39a", "hash without bloom words", "symbol hash",
     patched(lambda e: e.word(e.dynamic("GNU_HASH") + 8, 0)))
case("39b", "hash with huge bucket count", "symbol hash",
     patched(lambda e: e.word(e.dynamic("GNU_HASH"), 0xffffffff)))
case("39c", "hash without buckets", "symbol hash",
     patched(lambda e: e.word(e.dynamic("GNU_HASH"), 0)))
case("39d", "hash chain without end", "symbol hash|outside",
     patched(lambda e: e.word(e.dynamic("GNU_HASH") + 16 + 8, 0xfffffff)))
case("39e", "wild symbol value", "outside its segments",
     patched(lambda e: e.word(e.dynamic("SYMTAB") + 24 * (symbols(e) - 1) + 8, 1 << 40, "Q")))
case("39f", "wild symbol name", "outside the string table",
     patched(lambda e: e.word(e.dynamic("SYMTAB") + 24 * (symbols(e) - 1), 0x7fffffff)))
case("39g", "relocation outside its data", "writes outside its data",
     patched(lambda e: e.word(e.dynamic("RELA"), 0x10, "Q")))
case("39h", "relocation of the dynamic section", "writes outside its data",
     patched(lambda e: e.word(e.dynamic("RELA"), e.value("DYNAMIC", "vaddr") + 8, "Q")))
case("39i", "relocation by symbol 2^31", "names symbol",
     patched(lambda e: e.word(e.dynamic("RELA") + 12, 1 << 31)))
case("39j", "wild constructor", "start or end function",
     patched(lambda e: e.word(e.dynamic("RELA") + 16, 0x10, "Q")))
case("39k", "read-only part outside", "read-only-after-relocation",
     patched(lambda e: e.phdr("GNU_RELRO", vaddr=0x7f0000000000)))
case("39l", "unwind table outside", "outside its segments",
     patched(lambda e: e.phdr("GNU_EH_FRAME", vaddr=0x7f0000000000)))
case("39m", "overlapping segments", "overlap",
     patched(lambda e: e.phdr("LOAD", 2, vaddr=0, offset=0)))
case("39n", "dynamic section elsewhere", "outside its segments",
     patched(lambda e: e.phdr("DYNAMIC", vaddr=0)))


def symbols(elf):
    """As many as lie between symbol and string table."""
    return (elf.dynamic("STRTAB") - elf.dynamic("SYMTAB")) // 24


def make_debug_only(shop, name):
    path = shop.path(name, "subject.so")
    shop.run("objcopy", "--only-keep-debug", shop.good, path)
    return path


case(40, "debug information only", "outside|beyond|cut short|dynamic|note", make_debug_only)

# Linking

case(41, "undefined function", "undefined symbol: nowhere_to_be_found",
     built(("((Subject *)device)->value = 0;", "extern void nowhere_to_be_found(void);"
            "nowhere_to_be_found();")))
case(42, "undefined data", "undefined symbol: no_such_data",
     built(("((Subject *)device)->value = 0;",
            "extern int no_such_data; ((Subject *)device)->value = no_such_data;")))


def with_library(code, spoil=None, use="extern int helper(void);"):
    def make(shop, name):
        source, library = shop.path(name, "helper.c"), shop.path(name, "libqhhelper.so.1")
        script = shop.path(name, "helper.map")
        with open(source, "w", encoding="utf-8") as file:
            file.write(code)
        with open(script, "w", encoding="utf-8") as file:
            file.write("HELPER_9 { global: *; };\n")
        shop.cc("-shared", "-fPIC", "-o", library, "-Wl,-soname,libqhhelper.so.1",
                f"-Wl,--version-script={script}", source)
        path = shop.build(name, replace=[("((Subject *)device)->value = 0;", use +
                                          "((Subject *)device)->value = helper();")],
                          ldflags=["-lglib-2.0", library,
                                   "-Wl,-rpath," + os.path.dirname(library)])
        if spoil:
            spoil(shop, name, library)
        return path
    return make


def remove_library(shop, name, library):
    os.unlink(library)


def older_library(shop, name, library):
    with open(shop.path(name, "helper.map"), "w", encoding="utf-8") as file:
        file.write("HELPER_8 { global: *; };\n")
    shop.cc("-shared", "-fPIC", "-o", library, "-Wl,-soname,libqhhelper.so.1",
            f"-Wl,--version-script={shop.path(name, 'helper.map')}", shop.path(name, "helper.c"))


HELPER = "int helper(void) { return 1; }\n"
case(43, "needed library missing", "libqhhelper.so.1: cannot open", with_library(
    HELPER, remove_library))
case(44, "symbol version too new", "HELPER_9", with_library(HELPER, older_library))
case(45, "executable stack", "executable stack", built(ldflags=["-lglib-2.0",
                                                                "-Wl,-z,execstack"]))
case("45b", "says nothing of its stack", "does not say that its stack",
     patched(lambda e: e.phdr("GNU_STACK", type=0)))


def make_textrel(shop, name):
    source = shop.path(name, "text.s")
    with open(source, "w", encoding="utf-8") as file:
        file.write('.text\n.globl take\n.hidden take\ntake:\n  movabs $take, %rax\n  ret\n'
                   '.section .note.GNU-stack,"",@progbits\n')
    return shop.build(name, ldflags=["-lglib-2.0", "-Wl,-z,notext", source])


if os.uname().machine == "x86_64":
    case(46, "relocations in its code", "TEXTREL|writes outside its data", make_textrel)
case(47, "writable and executable segment", "writable and executable",
     patched(lambda e: e.phdr("LOAD", 3, flags=7)))
case(48, "relative run path", "run path 'lib' is not absolute",
     built(ldflags=["-lglib-2.0", "-Wl,-rpath,lib"]))
case("48b", "run path of $ORIGIN", "is not absolute",
     built(ldflags=["-lglib-2.0", "-Wl,-rpath,$ORIGIN"]))
TLS = ("static __thread char big[%s] __attribute__((tls_model(\"%s\")));\n"
       "__attribute__((used)) static char *touch(int i) { return &big[i]; }\n")
case("49a", "64 KiB of static TLS", "thread-local storage",
     built(extra=TLS % (65536, "initial-exec")))
case("49b", "1 MiB of TLS", "thread-local storage",
     built(extra=TLS % (1 << 20, "global-dynamic")))
case("49c", "64 bytes of static TLS", "load: ok", built(extra=TLS % (64, "initial-exec")), ok=True)


def make_v4(shop, name):
    return shop.build(name, ldflags=["-lglib-2.0", "-Wl,-z,x86-64-v4"])


if os.uname().machine == "x86_64":
    case(50, "for a newer CPU", "CPU ISA level|load: ok", make_v4,
         env={"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-AVX512VL"}, either=True)
case(51, "address sanitizer", "libasan.*built with it|load: ok",  # good in a host that has it, too
     built(cflags=["-fsanitize=address"], ldflags=["-lglib-2.0", "-fsanitize=address"]),
     either=True)
case(52, "marked nodlopen", "nodlopen", built(ldflags=["-lglib-2.0", "-Wl,-z,nodlopen"]))
case("52b", "marked nodelete", "nodelete", built(ldflags=["-lglib-2.0", "-Wl,-z,nodelete"]))

# ABI

case("53a", "no note", "no QEMUHOST note", built(no_note=True))
case("53b", "no qh_module", "does not export qh_module",
     built(("const QhModule qh_module", "const QhModule qh_other"), ldflags=["-lglib-2.0"],
           cflags=["-fvisibility=hidden"]))
case(54, "note of another owner", "no QEMUHOST note",
     patched(lambda e: e.replace(b"QEMUHOST\0", b"QEMUH0ST\0")))
case("55a", "ABI major 0 in the note", r"needs ABI 0\.0, this host has 1\.",
     noted(lambda t: t.replace('"abi":[1,', '"abi":[0,')))
case("55b", "ABI major 99 in the note", r"needs ABI 99\.0, this host has 1\.",
     noted(lambda t: t.replace('"abi":[1,', '"abi":[99,')))
case("55c", "ABI major 99 in the code", r"code is for ABI 99\.\d+, .* this host has 1\.",
     built((".abi_major = QH_ABI_MAJOR", ".abi_major = 99")))
case("56a", "ABI minor 999 in the note", r"needs ABI 1\.999, this host has 1\.",
     noted(lambda t: t.replace('"abi":[1,0]', '"abi":[1,999]')))
case("56b", "ABI minor 999 in the code", r"code is for ABI 1\.999, .* this host has 1\.",
     built((".abi_minor = QH_ABI_MINOR", ".abi_minor = 999")))
case("57a", "descriptor of 8 bytes", "says that it has 8 bytes",
     built((".size = sizeof(QhModule)", ".size = 8")))
case("57b", "descriptor of 65536 bytes", "says that it has 65536 bytes",
     built((".size = sizeof(QhModule)", ".size = 65536")))
case("57c", "offer of 8 bytes", "an offer of 8 bytes is malformed",
     built((".size = sizeof(QhOffer)", ".size = 8")))
case("57d", "table of 8 bytes", "size of its table is 8",
     built((".size = sizeof(QhDeviceOps)", ".size = 8")))
case("57e", "table of 65536 bytes", "size of its table is 65536",
     built((".size = sizeof(QhDeviceOps)", ".size = 65536")))
case(58, "no init", "has no init", built((".init = init,", "")))
case("59a", "wild init", "lies outside its code",
     built((".init = init,", ".init = (void *)0x1234567890,")))
case("59b", "init in data", "lies outside its code",
     built((".init = init,", ".init = (void *)&offer,")))
case("59c", "wild fini", "fini .* lies outside its code",
     built((".fini = fini,", ".fini = (void *)0x1234567890,")))
case("60a", "empty name in the note", "no proper name",
     noted(lambda t: t.replace('"name":"subject"', '"name":""')))
case("60b", "name like a path in the note", "no proper name",
     noted(lambda t: t.replace('"name":"subject"', '"name":"../subject"')))
case("60c", "no name in the note", "no proper name",
     noted(lambda t: t.replace('"name":"subject",', '', 1)))
case("60d", "offer without a name", "lacks its kind, name",
     built((".name = \"subject-device\",", "")))
case("60e", "offer with an empty name", "lacks its kind, name",
     built(('.name = "subject-device"', '.name = ""')))
case("60f", "offer with a wild name", "probe|lacks its kind",
     built(('.name = "subject-device"', '.name = (const char *)0x1234567890')))
case("61a", "interface major 9", r"qh\.device 9\.0, this host has qh\.device 1\.1",
     built((".major = 1", ".major = 9")))
case("61b", "interface of another kind", "implements qh.cpu",
     built((".interface = QH_DEVICE_INTERFACE", '.interface = "qh.cpu"')))
case("62a", "mandatory method missing", "mandatory method 'realize' is missing",
     built(("    .realize = realize,\n", "")))
case("62b", "method outside its code", "method 'reset' lies outside",
     built((".reset = reset", ".reset = (void *)&fields")))
case("62c", "method of the C library", "method 'reset' lies outside",
     built((".reset = reset", ".reset = (void *)g_free")))
case(63, "name is not the file's", "must be called subject.so",
     lambda shop, name: shop.build(name, file="other.so"))
case(64, "built elsewhere (another build id)", "load: ok", built(
    ldflags=["-lglib-2.0", "-Wl,--build-id=0x0123456789abcdef0123456789abcdef01234567"]), ok=True)
case("65a", "init fails after an offer", "its init failed: on purpose",
     built(("return host->offer(txn, &offer, error);",
            "host->offer(txn, &offer, NULL); g_free(*ret_ctx); g_set_error_literal(error, QH_ERROR,"
            " 0, \"on purpose\"); return FALSE;")))
case("65b", "init fails without a reason", "no reason given",
     built(("return host->offer(txn, &offer, error);", "return FALSE;")))


def make_second(shop, name):
    second = shop.build(name, name="second", note=lambda t: t.replace("subject", "second", 1)
                        if '"name":"subject"' in t else t)
    return second, [f"load={shop.good}", "state", f"load={second}", "state"]


case("66a", "slot that is filled", "filled by module 'subject' already", make_second, after=False,
     nth=1)
case("66b", "same slot twice in one module", "offers slot 'device/subject-device' twice",
     built(("return host->offer(txn, &offer, error);",
            "return host->offer(txn, &offer, error) && host->offer(txn, &offer, error);")))


def make_again(link):
    def make(shop, name):
        path = shop.path(name, "subject.so")
        link(shop.good, path)
        return path, [f"load={shop.good}", "state", f"load={path}", "state"]
    return make


case("67a", "the same file by link", "load: ok\nstate.*\nload: ok", make_again(os.symlink), ok=True)
case("67b", "the same file by hard link", "load: ok\nstate.*\nload: ok", make_again(os.link),
     ok=True)
case("67c", "the same module as a copy", "is loaded already, from", make_again(shutil.copy),
     after=False, nth=1)
case(68, "opens itself", "load: ok|error: ",
     lambda shop, name: shop.build(name, extra="#include <dlfcn.h>\n__attribute__((constructor)) "
                                   "static void begin(void) { dlopen(\"%s\", RTLD_NOW); }\n"
                                   % shop.path(name, "subject.so")), either=True)

# Behaviour

HEADERS = ("#include <dlfcn.h>\n#include <fcntl.h>\n#include <fenv.h>\n#include <locale.h>\n"
           "#include <pthread.h>\n#include <signal.h>\n#include <stdlib.h>\n#include <string.h>\n"
           "#include <sys/stat.h>\n#include <unistd.h>\n")
CRASH = "crashed during being opened"
case("69a", "constructor that crashes", CRASH + ".*signal 11",
     constructor("*(volatile int *)8 = 0;", HEADERS))
case("69b", "init that crashes", "crashed during its init",
     built(("return host->offer(txn, &offer, error);", "*(volatile int *)8 = 0; return TRUE;")))
case(70, "constructor that aborts", CRASH + ".*signal 6", constructor("abort();", HEADERS))
case(71, "constructor that exits", "ended or replaced", constructor("exit(0);", HEADERS))
case(72, "constructor that executes a program", "ended or replaced",
     constructor('execl("/bin/true", "true", (char *)NULL);', HEADERS))
case("73a", "constructor that loops", "did not come to an end",
     constructor("for (volatile int i = 0;; i++) {}", HEADERS), slow=True)
case("73b", "constructor that sleeps", "did not come to an end",
     constructor("for (;;) pause();", HEADERS), slow=True)
case(74, "stack overflow", CRASH, constructor(
    "deep(0);", HEADERS + "static int deep(volatile int n) { volatile char pad[4096]; pad[0] = n;"
    " return deep(n + 1) + pad[0]; }\n"), slow=True)
case(75, "takes all memory", CRASH + "|did not come to an end", constructor(
    "for (;;) { char *p = malloc(1 << 24); if (!p) abort(); memset(p, 1, 1 << 24); }", HEADERS),
    slow=True)
case(76, "closes all descriptors", "open descriptors|probe|changed", constructor(
    "for (int i = 0; i < 1024; i++) close(i);", HEADERS))
case("77a", "handles SIGSEGV", "handler of signal 11", constructor(
    "signal(SIGSEGV, SIG_IGN);", HEADERS))
case("77b", "handles SIGTERM in init", "handler of signal 15", built(
    ("return host->offer(txn, &offer, error);",
     "signal(SIGTERM, SIG_IGN); return host->offer(txn, &offer, error);"), extra=HEADERS))
case("78a", "changes the directory", "working directory", constructor('chdir("/");', HEADERS))
case("78b", "changes the umask", "umask", constructor("umask(0);", HEADERS))
case("78c", "changes the locale", "locale", constructor('setlocale(LC_ALL, "C.UTF-8");', HEADERS))
case("78d", "blocks signals", "blocked signals", constructor(
    "sigset_t s; sigfillset(&s); sigprocmask(SIG_SETMASK, &s, NULL);", HEADERS))
case("78e", "leaves a descriptor open", "open descriptors", constructor(
    'open("/dev/null", O_RDONLY);', HEADERS))
case(79, "sets flush-to-zero (-ffast-math)", "floating-point mode", constructor(
    "#ifdef __x86_64__\nunsigned m = __builtin_ia32_stmxcsr() | 0x8040;"
    "__builtin_ia32_ldmxcsr(m);\n#else\nfesetround(FE_UPWARD);\n#endif", HEADERS))
case(80, "changes the rounding", "floating-point mode", built(
    ldflags=["-lglib-2.0", "-lm"], extra=HEADERS + "__attribute__((constructor)) static void "
    "begin(void) { fesetround(FE_UPWARD); }\n"))
case(81, "leaves a thread", "number of threads", built(
    ldflags=["-lglib-2.0", "-lpthread"], extra=HEADERS +
    "static void *run(void *p) { for (;;) sleep(1); return p; }\n"
    "__attribute__((constructor)) static void begin(void) { pthread_t t;"
    " pthread_create(&t, NULL, run, NULL); }\n"))
case(82, "destructor that crashes", "crashed during being closed", built(
    extra="__attribute__((destructor)) static void end(void) { *(volatile int *)8 = 0; }\n"))
case("82b", "fini that crashes", "crashed during being closed", built(
    ("    g_free(ctx);", "    *(volatile int *)8 = 0;")))
case(83, "atexit handler, then unloaded", "unload: ok", lambda shop, name: (
    shop.build(name, extra=HEADERS + "static void bye(void) {}\n",
               replace=[("return host->offer(txn, &offer, error);",
                         "atexit(bye); return host->offer(txn, &offer, error);")]),
    ["load=" + shop.path(name, "subject.so"), "state", "unload=subject", "state"]), ok=True)
case(84, "IFUNC resolver that crashes", CRASH, built(
    ("static gboolean realize(",
     "static int one(void) { return 1; }\n"
     "static void *pick(void) { *(volatile int *)8 = 0; return (void *)one; }\n"
     "int picked(void) __attribute__((ifunc(\"pick\"), visibility(\"hidden\")));\n"
     "static gboolean realize("),
    ("((Subject *)device)->value = 0;", "((Subject *)device)->value = picked();")))
case("85a", "exports malloc", "exports 'malloc'", built(
    extra="__attribute__((visibility(\"default\"))) void *malloc(unsigned long n)"
          " { (void)n; return 0; }\n"))
case("85b", "exports a symbol of the host", "exports 'qh_registry_load'", built(
    extra="__attribute__((visibility(\"default\"))) int qh_registry_load(void)"
          " { return 0; }\n"))
case(86, "unloaded while in use", "it is in use", lambda shop, name: (
    shop.good, [f"load={shop.good}", "acquire=device/subject-device", "unload=subject",
                "release", "unload=subject"]), word="unload", shown="subject", after=False)


def spoil_while_loaded(spoil):
    def during(run, path):
        first = run.stdout.readline() + run.stdout.readline() + run.stdout.readline()
        spoil(path)
        return first + run.communicate(b"\n", timeout=60)[0]
    return during


def truncate(path):
    os.truncate(path, 0)


def rename_over(path):
    with open(path + ".new", "wb") as file:
        file.write(b"nothing")
    os.rename(path + ".new", path)


def make_pausing(shop, name):
    path = shop.path(name, "subject.so")
    shutil.copy(shop.good, path)
    return path, [f"load={path}", "pause", "acquire=device/subject-device", "release",
                  "unload=subject"]


def make_scanned(shop, name):
    path = shop.path(name, "subject.so")
    shutil.copy(shop.good, path)
    return path, ["dir=" + os.path.dirname(path), "scan", "fingerprint", "fingerprint", "pause",
                  "load=subject", "unload=subject"]


case("87a", "replaced while loaded", "acquire: ok\nevent.*\nunload: ok", make_pausing, ok=True,
     during=spoil_while_loaded(rename_over))
case("87b", "cut to nothing while loaded", "acquire: ok\nevent.*\nunload: ok", make_pausing,
     ok=True, during=spoil_while_loaded(truncate))
case("87c", "replaced between scan and load", "load: ok", make_scanned, ok=True,
     during=spoil_while_loaded(rename_over))
case("87d", "cut to nothing between scan and load", "become shorter", make_scanned, after=False,
     during=spoil_while_loaded(truncate))
case(88, "in a process with other threads", "load: ok", lambda shop, name: (
    shop.good, ["threads=3", "state", f"load={shop.good}", "unload=subject", "state"]), ok=True)
case(89, "note that was tampered with", "of which its note says nothing",
     patched(lambda e: e.replace(b'"name":"subject-device"', b'"name":"subject-Device"')))

# Ours: notes and tables

case(101, "note promises more", "promises slot 'device/more'", noted(
    lambda t: t.replace('"device":[', '"device":[{"name":"more"},')))
case(102, "note is not JSON", "note is damaged", noted(lambda t: t[:-1]))
case(103, "note is deeply nested", "note is damaged", noted(lambda t: "[" * 5000))
case(104, "note of an unknown format", "format of its note is 2",
     noted(lambda t: t.replace('"format":1', '"format":2')))
case(105, "note offers an unknown kind", "no slot for",
     noted(lambda t: t.replace('"device":[', '"teapot":[')))
case(106, "note needs an unknown service", "needs service 'xx.none' 1.0",
     noted(lambda t: t.replace('"needs":{', '"needs":{"xx.none":[1,0]')))
case(107, "note needs a newer service", r"needs service 'qh.mem' 1.77",
     noted(lambda t: t.replace('"needs":{', '"needs":{"qh.mem":[1,77]')))
case(108, "note with a number for a name", "no proper name",
     noted(lambda t: t.replace('"name":"subject"', '"name":7')))
case(109, "note with NUL inside", "holds a NUL", noted(lambda t: t[:20] + "\0" + t[20:]))
case(110, "empty note", "note is damaged", noted(lambda t: ""))
case(111, "note of 2 MiB", "larger than", noted(lambda t: t + " " * (2 << 20)))
case(112, "device properties not those of the note", "properties of device",
     noted(lambda t: t.replace('"name":"subject-device"',
                               '"name":"subject-device","properties":[{"name":"x"}]')))
case(113, "a property by the number of a row that is not there", "properties that are not there",
     noted(lambda t: t.replace('"name":"subject-device"',
                               '"name":"subject-device","properties":[0,7]', 1).replace(
                                   '"format":1', '"format":1,"properties":[{"name":"x"}]')))
case(114, "a property by number, no table", "properties that are not there",
     noted(lambda t: t.replace('"name":"subject-device"',
                               '"name":"subject-device","properties":[0]')))
case(115, "a property by number", "properties of device",
     noted(lambda t: t.replace('"name":"subject-device"',
                               '"name":"subject-device","properties":[0]', 1).replace(
                                   '"format":1', '"format":1,"properties":[{"name":"x"}]')))
case(116, "values of a property that are not those of its table", "properties of device",
     noted(lambda t: t.replace('"name":"subject-device"', '"name":"subject-device","properties":'
                               '[{"name":"value","values":"a|b"},{"name":"more"}]')))
case(120, "state smaller than its head", "its state has 8 bytes",
     built((".state_size = sizeof(Subject)", ".state_size = 8")))
case(121, "state of 4 GiB", "its state has 4294967295 bytes",
     built((".state_size = sizeof(Subject)", ".state_size = 0xffffffffu")))
case(122, "property outside the state", "property 'value' lies outside",
     built((".type = QH_PROPERTY_U32, .offset = offsetof(Subject, value)",
            ".type = QH_PROPERTY_U64, .offset = 0xfffffffcu")))
case(123, "property of an unknown type", "unknown type 77",
     built((".type = QH_PROPERTY_U32, .offset = offsetof(Subject, value)",
            ".type = 77, .offset = offsetof(Subject, value)")))
case(124, "property twice", "property 'value' stands there twice",
     built(('.name = "more"', '.name = "value"')))
case(125, "a billion properties", "elements",
     built((".n_properties = G_N_ELEMENTS(properties)", ".n_properties = 1000000000")))
case(126, "properties beyond the file", "lies outside the module's file",
     built((".n_properties = G_N_ELEMENTS(properties)", ".n_properties = 60000")))
case(127, "property elements of 1 byte", "elements of 1 bytes",
     built((".property_size = sizeof(QhProperty)", ".property_size = 1")))
case(128, "wild property table", "lies outside the module's file",
     built((".properties = properties", ".properties = (void *)0x1234567890")))
case(129, "state field outside the state", "state field 'value' lies outside",
     built((".offset = offsetof(Subject, value), .type = QH_TYPE_I32",
            ".offset = offsetof(Subject, value), .type = QH_TYPE_V128")))
case(130, "state field with a wild name", "lies outside the module's file",
     built(('{.name = "value", .offset = offsetof(Subject, value), .type = QH_TYPE_I32',
            '{.name = (char *)1, .offset = offsetof(Subject, value), .type = QH_TYPE_I32')))
case(131, "window without operations", "window has no operations",
     built((", .ops = &io", "")))
case(132, "window method missing", "window write",
     built(("    .write = write_register,\n", "")))
case(133, "window of 3-byte accesses", "takes accesses of",
     built((".max_size = 4", ".max_size = 3")))
case(134, "input lines without irq_in", "'irq_in' is missing",
     built((".realize = realize", ".n_irq_in = 1, .realize = realize")))
case(135, "table missing", "its table is missing", built((".ops = &device", ".ops = NULL")))
case(136, "wild table", "lies outside the module's file",
     built((".ops = &device", ".ops = (void *)0x1234567890")))
case(137, "unknown kind of slot", "of which its note says nothing",
     built(('.kind = "device"', '.kind = "teapot"')))
case(138, "thousands of offers", "too many|twice",
     built(("return host->offer(txn, &offer, error);",
            "gboolean good = TRUE; for (int i = 0; good && i < 100000; i++) "
            "good = host->offer(txn, &offer, error); return good;")))


# Ours: the tables of a target

def target(*replace, **more):
    return lambda shop, name: shop.build_target(name, *replace, **more)


HELPER_TABLE = """static void help(void) {}
static const QhHelper helpers[] = {{.name = "help", .fn = help, %s}};
const QhTranslatorOps ns_translator = {
    .helpers = helpers, .n_helpers = 1,"""


def helper(fields):
    return target(("translate.c", "const QhTranslatorOps ns_translator = {",
                   HELPER_TABLE % fields))


GDB = """static const QhGdbRegister registers[] = {{.name = "r0", .field = "%s", .bits = 32}};
static const QhGdbFeature features[] = {{.name = "f", .registers = registers, .n_registers = 1,
    .register_size = sizeof(QhGdbRegister)}};
static const QhGdbOps gdb = {.size = sizeof(QhGdbOps), .n_features = 1, .architecture = "null",
    .features = features, .feature_size = sizeof(QhGdbFeature)};
static const QhOffer offers[] = {
    {.size = sizeof(QhOffer), .major = 1, .kind = "gdb", .name = "null",
     .interface = QH_GDB_INTERFACE, .ops = &gdb},"""


def gdb(field):
    return target(("module.c", "static const QhOffer offers[] = {", GDB % field),
                  note=lambda t: t.replace('"device":[', '"gdb":[{"name":"null"}],"device":['))


case(200, "the toy target as it is", "load: ok", target(), ok=True)
case(201, "pages of 2^40 bytes", "page_bits 40", target(("cpu.c", ".page_bits = 12",
                                                         ".page_bits = 40")))
case(202, "address width of 48", "address_bits 48", target(("cpu.c", ".address_bits = 32",
                                                            ".address_bits = 48")))
case(203, "target of another name", "its table is of target 'nil'",
     target(("cpu.c", '.name = "null"', '.name = "nil"')))
case(204, "17 translation regimes", "n_mmu_indices 17",
     target(("cpu.c", ".n_mmu_indices = 1", ".n_mmu_indices = 17")))
case(205, "CPU without models", "it has 0 models",
     target(("cpu.c", ".n_models = G_N_ELEMENTS(models)", ".n_models = 0")))
case(206, "CPU with 65 lines", "65 interrupt lines",
     target(("cpu.c", ".models = models", ".n_irq_lines = 65, .models = models")))
case(207, "CPU state smaller than its head", "its state has 16 bytes",
     target(("cpu.c", ".state_size = sizeof(NsCpu)", ".state_size = 16")))
case(208, "CPU without reset", "mandatory method 'reset' is missing",
     target(("cpu.c", "    .reset = reset,\n", "")))
case(209, "CPU model that the note has and the table not", "lists CPU model 'toy' of 'null'",
     target(("cpu.c", '.name = "toy", .description', '.name = "other", .description')))
case(210, "register twice", "state field 'r0' stands there twice",
     target(("cpu.c", "REGISTER(15)", "REGISTER(0)")))
case(211, "translator without translate", "mandatory method 'translate' is missing",
     target(("translate.c", "    .translate = translate,\n", "")))
case(212, "helper with 9 arguments", "signature of helper 'help'", helper(".n_args = 9"))
case(213, "helper that returns type 99", "signature of helper 'help'", helper(".ret = 99"))
case(214, "helper without a function", "mandatory method 'help' is missing",
     helper(".attrs = 0, .fn = NULL"))
case(215, "helper with an argument of no type", "signature of helper 'help'",
     helper(".n_args = 1"))
case(216, "lazy flags in no slot", "lazy flag slot 99 is no state field",
     target(("translate.c", ".helper_size", ".lazy_flags = 1, .lazy_slots = {99, 99, 99, 99},"
             " .helper_size")))
case(217, "lazy flags in slots of another type", "lazy flag slot 1 is no state field",
     target(("translate.c", ".helper_size", ".lazy_flags = 1, .lazy_slots = {0, 1, 2, 3},"
             " .helper_size")))
case(218, "gdb register of a field", "load: ok", gdb("r0"), ok=True)
case(219, "gdb register of no field", "register field 'nowhere' is not in the state table",
     gdb("nowhere"))
case(220, "board without create", "mandatory method 'create' is missing",
     target(("board.c", "    .create = create,\n", "")))
case(221, "board of no CPUs", "it has 1 CPUs of at most 0",
     target(("board.c", ".max_cpus = 1", ".max_cpus = 0")))
case(222, "board state smaller than its head", "its state has 8 bytes",
     target(("board.c", ".state_size = sizeof(Board)", ".state_size = 8")))
case(223, "translator not offered", "promises slot 'translator/null', which it does not offer",
     target(("module.c", "i < G_N_ELEMENTS(offers)", "i < G_N_ELEMENTS(offers) - 3")))
case(224, "cpu offered for another target", "of which its note says nothing",
     target(("module.c", '.kind = "cpu",\n     .name = "null"',
             '.kind = "cpu",\n     .name = "nil"')))


# The reason codes of query-modules, by what was refused.
REASONS = {
    "not-found": "1 6 15a",
    "unreadable": "2 7 8 9 16",
    "unsafe-owner": "11 12 13 14",
    "not-a-module": "3 4 5 17 18 19 20 21 24 25 28 29 30a 31 33 36 37a 38a 39a 45 46 47 48 49a 52 "
                    "53a 53b 54 57a 58 59a 60a 85a 102 103 104 105 109 111",
    "wrong-host-arch": "22 23 26",
    "abi-too-old": "55a",
    "abi-too-new": "55b 55c 56a 56b 61a",
    "note-mismatch": "63 89 101 112 137 209 223 224",
    "link-failed": "41 42 43 44 69a 70 71 72 73a 73b 74 84",
    "init-failed": "57d 61b 62a 65a 65b 69b 82b 120 122 128 131 201 212",
    "duplicate": "66a 66b 67c",
    "dependency-missing": "106 107",
    "changed-host": "77a 77b 78a 78b 78c 78d 78e 79 80 81",
}
for _reason, _numbers in REASONS.items():
    for _number in _numbers.split():
        if _number in CASES:
            CASES[_number]["reason"] = _reason

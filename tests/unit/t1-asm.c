/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The assembler against a disassembler: each instruction is emitted with all registers and many
 * addresses, beside the text that it should be; objdump must read that text out of the bytes.
 */
#include "core/jit/backend/x86_64/asm.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define CODE_BYTES (8u << 20)

typedef struct Listing {
    QhAsm a;
    GPtrArray *expected; /* of char * */
} Listing;

static const char *const names64[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                      "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
static const char *const names32[] = {"eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
                                      "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"};
static const char *const names16[] = {"ax",  "cx",  "dx",   "bx",   "sp",   "bp",   "si",   "di",
                                      "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"};
static const char *const names8[] = {"al",  "cl",  "dl",   "bl",   "spl",  "bpl",  "sil",  "dil",
                                     "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"};

static void listing_init(Listing *listing)
{
    listing->a = (QhAsm){.base = g_malloc0(CODE_BYTES)};
    listing->a.at = listing->a.base;
    listing->a.end = listing->a.base + CODE_BYTES;
    listing->expected = g_ptr_array_new_with_free_func(g_free);
}

static void listing_clear(Listing *listing)
{
    g_free(listing->a.base);
    g_ptr_array_unref(listing->expected);
}

G_GNUC_PRINTF(2, 3)
static void expect(Listing *listing, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(listing->expected, g_strdup_vprintf(format, args));
    va_end(args);
}

/* One space between words, none at the end, no comment. */
static char *tidy(const char *text)
{
    GString *out = g_string_new(NULL);

    for (; *text != '\0' && *text != '#'; text++) {
        if (*text != ' ' || (out->len > 0 && out->str[out->len - 1] != ' ')) {
            g_string_append_c(out, *text);
        }
    }
    while (out->len > 0 && out->str[out->len - 1] == ' ') {
        g_string_truncate(out, out->len - 1);
    }
    return g_string_free(out, FALSE);
}

/* What objdump makes of the code. */
static char *disassemble(const Listing *listing)
{
    g_autofree char *path = NULL, *out = NULL;
    const char *argv[] = {
        "objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "-M", "intel", "--no-show-raw-insn",
        NULL,      NULL};
    int fd = g_file_open_tmp("t1-asm-XXXXXX", &path, NULL);
    GError *error = NULL;
    int status = 0;

    g_assert_cmpint(fd, >=, 0);
    close(fd);
    g_assert_true(g_file_set_contents(path, (const char *)listing->a.base,
                                      listing->a.at - listing->a.base, NULL));
    argv[9] = path;
    g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, &status,
                 &error);
    g_assert_no_error(error);
    g_assert_cmpint(status, ==, 0);
    g_unlink(path);
    return g_steal_pointer(&out);
}

static void check(Listing *listing)
{
    g_autofree char *out = disassemble(listing);
    g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
    uint32_t n = 0;

    g_assert_false(listing->a.full);
    for (uint32_t i = 0; lines[i] != NULL; i++) {
        const char *text = strstr(lines[i], ":\t");
        if (text == NULL || lines[i][0] != ' ') {
            continue;
        }
        g_autofree char *got = tidy(text + 2);
        g_assert_cmpuint(n, <, listing->expected->len);
        g_assert_cmpstr(got, ==, g_ptr_array_index(listing->expected, n));
        n++;
    }
    g_assert_cmpuint(n, ==, listing->expected->len);
    g_assert_cmpuint(n, >, 0);
}

static char *address(QhRm rm)
{
    GString *out = g_string_new("[");
    gboolean base_needs = (rm.base & 7) == QH_RBP; /* a displacement */

    g_string_append(out, names64[rm.base]);
    if (rm.index != QH_NO_INDEX) {
        g_string_append_printf(out, "+%s*%u", names64[rm.index], 1u << rm.scale);
    }
    if (rm.disp < 0) {
        g_string_append_printf(out, "-0x%x", 0u - (uint32_t)rm.disp);
    } else if (rm.disp > 0 || base_needs) {
        g_string_append_printf(out, "+0x%x", (uint32_t)rm.disp);
    }
    g_string_append_c(out, ']');
    return g_string_free(out, FALSE);
}

/*
 * Operands by letter. Registers: r by width, b 8, w 16, d 32, q 64 bits, x xmm; v the second source
 * of a VEX form, u the same in xmm. rm: R by width, B 8, W 16, D 32, Q 64 bits, X xmm or 16 bytes,
 * Y xmm or 8, Z xmm or 4, A an address, N xmm only. i: an 8-bit immediate, ! one that the name
 * tells, I a 32-bit one.
 */
typedef struct Form {
    const char *text;
    uint32_t op;
    uint32_t number; /* instead of a register, if the operands name none */
    uint32_t widths; /* 1 without W, 2 with it */
    gboolean vex;
} Form;

#define BOTH 3u

static const Form forms[] = {
    {"add r,R",            QH_X_ADD,                 0, BOTH, FALSE},
    {"or r,R",             QH_X_OR,                  0, BOTH, FALSE},
    {"adc r,R",            QH_X_ADC,                 0, BOTH, FALSE},
    {"sbb r,R",            QH_X_SBB,                 0, BOTH, FALSE},
    {"and r,R",            QH_X_AND,                 0, BOTH, FALSE},
    {"sub r,R",            QH_X_SUB,                 0, BOTH, FALSE},
    {"xor r,R",            QH_X_XOR,                 0, BOTH, FALSE},
    {"cmp r,R",            QH_X_CMP,                 0, BOTH, FALSE},
    {"add R,r",            QH_X_ADD - QH_X_TO_RM,    0, BOTH, FALSE},
    {"cmp R,r",            QH_X_CMP - QH_X_TO_RM,    0, BOTH, FALSE},
    {"test R,r",           QH_X_TEST,                0, BOTH, FALSE},
    {"mov r,R",            QH_X_MOV,                 0, BOTH, FALSE},
    {"mov R,r",            QH_X_MOV_ST,              0, BOTH, FALSE},
    {"mov B,b",            QH_X_MOV_ST8 | QH_X_BRM,  0, 1,    FALSE},
    {"mov W,w",            QH_X_MOV_ST16,            0, 1,    FALSE},
    {"mov b,B",            QH_X_MOV_LD8,             0, 1,    FALSE},
    {"mov w,W",            QH_X_MOV_LD16,            0, 1,    FALSE},
    {"lea r,A",            QH_X_LEA,                 0, BOTH, FALSE},
    {"movsxd r,D",         QH_X_MOVSXD,              0, 2,    FALSE},
    {"movzx r,B",          QH_X_MOVZX8,              0, BOTH, FALSE},
    {"movzx r,W",          QH_X_MOVZX16,             0, BOTH, FALSE},
    {"movsx r,B",          QH_X_MOVSX8,              0, BOTH, FALSE},
    {"movsx r,W",          QH_X_MOVSX16,             0, BOTH, FALSE},
    {"imul r,R",           QH_X_IMUL,                0, BOTH, FALSE},
    {"imul r,R,I",         QH_X_IMUL_I,              0, BOTH, FALSE},
    {"cmovo r,R",          QH_X_CMOV + QH_IF_O,      0, BOTH, FALSE},
    {"cmovb r,R",          QH_X_CMOV + QH_IF_B,      0, BOTH, FALSE},
    {"cmovg r,R",          QH_X_CMOV + QH_IF_G,      0, BOTH, FALSE},
    {"bt R,r",             QH_X_BT,                  0, BOTH, FALSE},
    {"bt R,i",             QH_X_BT_I,                4, BOTH, FALSE},
    {"popcnt r,R",         QH_X_POPCNT,              0, BOTH, FALSE},
    {"tzcnt r,R",          QH_X_TZCNT,               0, BOTH, FALSE},
    {"lzcnt r,R",          QH_X_LZCNT,               0, BOTH, FALSE},
    {"bsf r,R",            QH_X_BSF,                 0, BOTH, FALSE},
    {"bsr r,R",            QH_X_BSR,                 0, BOTH, FALSE},
    {"xadd R,r",           QH_X_XADD,                0, BOTH, FALSE},
    {"cmpxchg R,r",        QH_X_CMPXCHG,             0, BOTH, FALSE},
    {"xchg R,r",           QH_X_XCHG,                0, BOTH, FALSE},
    {"test R,I",           QH_X_GRP_F7,              0, BOTH, FALSE},
    {"not R",              QH_X_GRP_F7,              2, BOTH, FALSE},
    {"neg R",              QH_X_GRP_F7,              3, BOTH, FALSE},
    {"mul R",              QH_X_GRP_F7,              4, BOTH, FALSE},
    {"imul R",             QH_X_GRP_F7,              5, BOTH, FALSE},
    {"div R",              QH_X_GRP_F7,              6, BOTH, FALSE},
    {"idiv R",             QH_X_GRP_F7,              7, BOTH, FALSE},
    {"inc R",              QH_X_GRP_FF,              0, BOTH, FALSE},
    {"dec R",              QH_X_GRP_FF,              1, BOTH, FALSE},
    {"call Q",             QH_X_GRP_FF,              2, 1,    FALSE},
    {"jmp Q",              QH_X_GRP_FF,              4, 1,    FALSE},
    {"push Q",             QH_X_GRP_FF,              6, 1,    FALSE},
    {"rol R,cl",           QH_X_SHIFT_CL,            0, BOTH, FALSE},
    {"ror R,cl",           QH_X_SHIFT_CL,            1, BOTH, FALSE},
    {"shl R,cl",           QH_X_SHIFT_CL,            4, BOTH, FALSE},
    {"shr R,cl",           QH_X_SHIFT_CL,            5, BOTH, FALSE},
    {"sar R,cl",           QH_X_SHIFT_CL,            7, BOTH, FALSE},
    {"shl R,i",            QH_X_SHIFT_I,             4, BOTH, FALSE},
    {"sar R,i",            QH_X_SHIFT_I,             7, BOTH, FALSE},
    {"andn r,v,R",         QH_X_ANDN,                0, BOTH, TRUE },
    {"shlx r,R,v",         QH_X_SHLX,                0, BOTH, TRUE },
    {"shrx r,R,v",         QH_X_SHRX,                0, BOTH, TRUE },
    {"sarx r,R,v",         QH_X_SARX,                0, BOTH, TRUE },
    {"mulx r,v,R",         QH_X_MULX,                0, BOTH, TRUE },
    {"rorx r,R,i",         QH_X_RORX,                0, BOTH, TRUE },
    {"movd x,D",           QH_X_MOVD,                0, 1,    FALSE},
    {"movq x,Q",           QH_X_MOVD,                0, 2,    FALSE},
    {"movd D,x",           QH_X_MOVD_ST,             0, 1,    FALSE},
    {"movq Q,x",           QH_X_MOVD_ST,             0, 2,    FALSE},
    {"movq x,Y",           QH_X_MOVQ,                0, 1,    FALSE},
    {"movq Y,x",           QH_X_MOVQ_ST,             0, 1,    FALSE},
    {"movaps x,X",         QH_X_MOVAPS,              0, 1,    FALSE},
    {"movups x,X",         QH_X_MOVUPS,              0, 1,    FALSE},
    {"movups X,x",         QH_X_MOVUPS_ST,           0, 1,    FALSE},
    {"movss x,Z",          QH_X_MOVSS,               0, 1,    FALSE},
    {"movss Z,x",          QH_X_MOVSS_ST,            0, 1,    FALSE},
    {"movsd x,Y",          QH_X_MOVSD,               0, 1,    FALSE},
    {"movsd Y,x",          QH_X_MOVSD_ST,            0, 1,    FALSE},
    {"addps x,X",          QH_X_FADD,                0, 1,    FALSE},
    {"addss x,Z",          QH_X_FADD | QH_X_F3,      0, 1,    FALSE},
    {"addsd x,Y",          QH_X_FADD | QH_X_F2,      0, 1,    FALSE},
    {"mulsd x,Y",          QH_X_FMUL | QH_X_F2,      0, 1,    FALSE},
    {"subsd x,Y",          QH_X_FSUB | QH_X_F2,      0, 1,    FALSE},
    {"divsd x,Y",          QH_X_FDIV | QH_X_F2,      0, 1,    FALSE},
    {"sqrtss x,Z",         QH_X_FSQRT | QH_X_F3,     0, 1,    FALSE},
    {"ucomiss x,Z",        QH_X_UCOMIS,              0, 1,    FALSE},
    {"ucomisd x,Y",        QH_X_UCOMIS | QH_X_66,    0, 1,    FALSE},
    {"comisd x,Y",         QH_X_COMIS | QH_X_66,     0, 1,    FALSE},
    {"andps x,X",          QH_X_ANDPS,               0, 1,    FALSE},
    {"andnps x,X",         QH_X_ANDNPS,              0, 1,    FALSE},
    {"orps x,X",           QH_X_ORPS,                0, 1,    FALSE},
    {"xorps x,X",          QH_X_XORPS,               0, 1,    FALSE},
    {"pinsrq x,Q,i",       QH_X_PINSRQ,              0, 2,    FALSE},
    {"pextrq Q,x,i",       QH_X_PEXTRQ,              0, 2,    FALSE},
    {"punpcklqdq x,X",     QH_X_PUNPCKLQDQ,          0, 1,    FALSE},
    {"movhlps x,N",        QH_X_MOVHLPS,             0, 1,    FALSE},
    {"pclmulqdq x,X,i",    QH_X_PCLMUL,              0, 1,    FALSE},
    {"psrldq N,i",         QH_X_PSRLDQ_I,            3, 1,    FALSE},
    {"vaddsd x,u,Y",       QH_X_FADD | QH_X_F2,      0, 1,    TRUE },
    {"vmulss x,u,Z",       QH_X_FMUL | QH_X_F3,      0, 1,    TRUE },
    {"ldmxcsr A",          QH_X_GRP_AE,              2, 1,    FALSE},
    {"stmxcsr A",          QH_X_GRP_AE,              3, 1,    FALSE},
    {"minsd x,Y",          QH_X_FMIN | QH_X_F2,      0, 1,    FALSE},
    {"maxss x,Z",          QH_X_FMAX | QH_X_F3,      0, 1,    FALSE},
    {"cmpnltsd x,Y,!",     QH_X_CMPS | QH_X_F2,      0, 1,    FALSE},
    {"cmpnltss x,Z,!",     QH_X_CMPS | QH_X_F3,      0, 1,    FALSE},
    {"cvtss2sd x,Z",       QH_X_CVTF | QH_X_F3,      0, 1,    FALSE},
    {"cvtsd2ss x,Y",       QH_X_CVTF | QH_X_F2,      0, 1,    FALSE},
    {"cvtsi2sd x,R",       QH_X_CVTI2F | QH_X_F2,    0, BOTH, FALSE},
    {"cvtsi2ss x,R",       QH_X_CVTI2F | QH_X_F3,    0, BOTH, FALSE},
    {"cvttsd2si r,Y",      QH_X_CVTTF2I | QH_X_F2,   0, BOTH, FALSE},
    {"cvttss2si r,Z",      QH_X_CVTTF2I | QH_X_F3,   0, BOTH, FALSE},
    {"cvtsd2si r,Y",       QH_X_CVTF2I | QH_X_F2,    0, BOTH, FALSE},
    {"cvtss2si r,Z",       QH_X_CVTF2I | QH_X_F3,    0, BOTH, FALSE},
    {"roundss x,Z,i",      QH_X_ROUNDSS,             0, 1,    FALSE},
    {"roundsd x,Y,i",      QH_X_ROUNDSD,             0, 1,    FALSE},
    {"vfmadd231ss x,u,Z",  QH_X_FMADD231,            0, 1,    TRUE },
    {"vfmadd231sd x,u,Y",  QH_X_FMADD231,            0, 2,    TRUE },
    {"vfmsub231ss x,u,Z",  QH_X_FMSUB231,            0, 1,    TRUE },
    {"vfmsub231sd x,u,Y",  QH_X_FMSUB231,            0, 2,    TRUE },
    {"vfnmadd231ss x,u,Z", QH_X_FNMADD231,           0, 1,    TRUE },
    {"vfnmadd231sd x,u,Y", QH_X_FNMADD231,           0, 2,    TRUE },
    {"vfnmsub231ss x,u,Z", QH_X_FNMSUB231,           0, 1,    TRUE },
    {"vfnmsub231sd x,u,Y", QH_X_FNMSUB231,           0, 2,    TRUE },
    {"lock xadd A,r",      QH_X_XADD | QH_X_LOCK,    0, BOTH, FALSE},
    {"lock cmpxchg A,r",   QH_X_CMPXCHG | QH_X_LOCK, 0, BOTH, FALSE},
    {"movbe r,A",          QH_X_MOVBE_LD,            0, BOTH, FALSE},
    {"movbe A,r",          QH_X_MOVBE_ST,            0, BOTH, FALSE},
};

#define IMM8  5u
#define IMM32 0x12345678u

/* The text of an rm operand; @size what stands before an address. */
static char *rm_text(QhRm rm, const char *const *names, const char *size)
{
    g_autofree char *at = NULL;

    if (rm.is_reg) {
        return names == NULL ? g_strdup_printf("xmm%u", rm.base) : g_strdup(names[rm.base]);
    }
    at = address(rm);
    return g_strdup_printf("%s%s", size, at);
}

static char *operand(const Form *form, char letter, gboolean wide, uint32_t reg, QhRm rm)
{
    static const struct {
        char letter;
        const char *const *names;
        const char *size;
    } sizes[] = {
        {'B', names8,  "BYTE PTR "   },
        {'W', names16, "WORD PTR "   },
        {'D', names32, "DWORD PTR "  },
        {'Q', names64, "QWORD PTR "  },
        {'X', NULL,    "XMMWORD PTR "},
        {'Y', NULL,    "QWORD PTR "  },
        {'Z', NULL,    "DWORD PTR "  },
        {'N', NULL,    ""            },
    };

    switch (letter) {
    case 'r':
        return g_strdup(wide ? names64[reg] : names32[reg]);
    case 'b':
        return g_strdup(names8[reg]);
    case 'w':
        return g_strdup(names16[reg]);
    case 'x':
        return g_strdup_printf("xmm%u", reg);
    case 'v':
        return g_strdup(wide ? names64[15 - reg] : names32[15 - reg]);
    case 'u':
        return g_strdup_printf("xmm%u", 15 - reg);
    case 'i':
        return g_strdup_printf("0x%x", IMM8);
    case 'I':
        return g_strdup_printf("0x%x", IMM32);
    case 'A':
        return rm_text(rm, NULL,
                       form->op == QH_X_LEA || form->op == (QH_X_LEA | QH_X_W) ? ""
                       : wide                                                  ? "QWORD PTR "
                                                                               : "DWORD PTR ");
    case 'R':
        return rm_text(rm, wide ? names64 : names32, wide ? "QWORD PTR " : "DWORD PTR ");
    default:
        break;
    }
    for (uint32_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        if (sizes[i].letter == letter) {
            return rm_text(rm, sizes[i].names, sizes[i].size);
        }
    }
    g_assert_not_reached();
}

/* Emit @form and say what it is. */
static void one(Listing *listing, const Form *form, gboolean wide, uint32_t reg, QhRm rm)
{
    const char *operands = strrchr(form->text, ' ') + 1;
    uint32_t op = form->op | (wide ? QH_X_W : 0);
    gboolean has_reg = strpbrk(operands, "rbwx") != NULL;
    uint32_t number = has_reg && form->number == 0 ? reg : form->number;
    g_auto(GStrv) letters = g_strsplit(operands, ",", -1);
    GString *text = g_string_new_len(form->text, operands - form->text);

    for (uint32_t i = 0; letters[i] != NULL && letters[i][0] != '!'; i++) {
        g_autofree char *word = strlen(letters[i]) == 1
                                    ? operand(form, letters[i][0], wide, reg, rm)
                                    : g_strdup(letters[i]);
        g_string_append_printf(text, "%s%s", i == 0 ? "" : ",", word);
    }
    g_ptr_array_add(listing->expected, g_string_free(text, FALSE));
    if (form->vex && strchr(operands, 'i') != NULL) {
        qh_x_vex_i8(&listing->a, op, number, 0, rm, IMM8);
    } else if (form->vex) {
        qh_x_vex(&listing->a, op, number, 15 - reg, rm);
    } else if (strpbrk(operands, "i!") != NULL) {
        qh_x_i8(&listing->a, op, number, rm, IMM8);
    } else if (strchr(operands, 'I') != NULL) {
        qh_x_i32(&listing->a, op, number, rm, IMM32);
    } else {
        qh_x(&listing->a, op, number, rm);
    }
}

static void all_registers(Listing *listing, const Form *form, gboolean wide)
{
    if (strchr(form->text, 'A') != NULL) {
        return; /* memory only */
    }
    for (uint32_t reg = 0; reg < 16; reg++) {
        for (uint32_t rm = 0; rm < 16; rm++) {
            if (form->op == QH_X_XCHG && (reg == 0 || rm == 0) && reg == rm) {
                continue; /* reads as a nop */
            }
            one(listing, form, wide, reg, qh_rm_reg(rm));
        }
    }
}

/* Bases, indices, scales and displacements; @step thins them out. */
static void addresses(Listing *listing, const Form *form, gboolean wide, uint32_t step)
{
    static const int32_t disps[] = {0, 1, 127, -128, 128, -129, 0x12345678, INT32_MIN};
    uint32_t n = 0;

    if (strchr(form->text, 'N') != NULL) {
        return; /* registers only */
    }
    for (uint32_t base = 0; base < 16; base++) {
        for (uint32_t disp = 0; disp < G_N_ELEMENTS(disps); disp++) {
            one(listing, form, wide, (base + disp) & 15, qh_rm_mem(base, disps[disp]));
            for (uint32_t index = 0; index < 64; index++) {
                if ((index & 15) != QH_RSP && n++ % step == 0) {
                    one(listing, form, wide, n & 15,
                        qh_rm_sib(base, index & 15, index >> 4, disps[disp]));
                }
            }
        }
    }
}

static void test_forms(void)
{
    for (uint32_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        const Form *form = &forms[i];
        Listing listing;
        listing_init(&listing);
        for (uint32_t wide = 0; wide < 2; wide++) {
            if (form->widths >> wide & 1) {
                all_registers(&listing, form, wide != 0);
                addresses(&listing, form, wide != 0, form->op == QH_X_MOV ? 1 : 97);
            }
        }
        check(&listing);
        listing_clear(&listing);
    }
}

static void test_immediates(void)
{
    static const struct {
        const char *name;
        uint32_t op;
    } ops[] = {
        {"add", QH_X_ADD},
        {"or",  QH_X_OR },
        {"adc", QH_X_ADC},
        {"sbb", QH_X_SBB},
        {"and", QH_X_AND},
        {"sub", QH_X_SUB},
        {"xor", QH_X_XOR},
        {"cmp", QH_X_CMP},
    };
    static const int32_t imms[] = {0, 1, 127, -128, 128, -129, INT32_MAX, INT32_MIN};
    Listing listing;

    listing_init(&listing);
    for (uint32_t i = 0; i < G_N_ELEMENTS(ops) * G_N_ELEMENTS(imms) * 16; i++) {
        uint32_t op = i / 16 / G_N_ELEMENTS(imms), reg = i & 15;
        int32_t imm = imms[i / 16 % G_N_ELEMENTS(imms)];
        qh_x_alu_i(&listing.a, ops[op].op, qh_rm_reg(reg), imm);
        expect(&listing, "%s %s,0x%x", ops[op].name, names32[reg], (uint32_t)imm);
        qh_x_alu_i(&listing.a, ops[op].op | QH_X_W, qh_rm_reg(reg), imm);
        expect(&listing, "%s %s,0x%" G_GINT64_MODIFIER "x", ops[op].name, names64[reg],
               (uint64_t)imm);
    }
    check(&listing);
    listing_clear(&listing);
}

static void test_constants(void)
{
    static const uint64_t values[] = {0,
                                      1,
                                      0x7fffffff,
                                      0x80000000,
                                      0xffffffff,
                                      0x100000000,
                                      0xffffffff7fffffff,
                                      0xffffffff80000000,
                                      0x123456789abcdef0,
                                      UINT64_MAX};
    Listing listing;

    listing_init(&listing);
    for (uint32_t i = 0; i < G_N_ELEMENTS(values) * 16; i++) {
        uint64_t value = values[i / 16];
        uint32_t reg = i & 15;
        gboolean near = (int64_t)value == (int32_t)value;
        qh_x_mov_i(&listing.a, reg, value);
        expect(&listing, "%s %s,0x%" G_GINT64_MODIFIER "x",
               value <= UINT32_MAX || near ? "mov" : "movabs",
               value <= UINT32_MAX ? names32[reg] : names64[reg], value);
    }
    for (uint32_t base = 0; base < 16; base++) {
        QhRm rm = qh_rm_mem(base, 0x40);
        qh_x_st_i(&listing.a, 1, rm, 0x12);
        expect(&listing, "mov BYTE PTR [%s+0x40],0x12", names64[base]);
        qh_x_st_i(&listing.a, 2, rm, 0x1234);
        expect(&listing, "mov WORD PTR [%s+0x40],0x1234", names64[base]);
        qh_x_st_i(&listing.a, 4, rm, -2);
        expect(&listing, "mov DWORD PTR [%s+0x40],0xfffffffe", names64[base]);
        qh_x_st_i(&listing.a, 8, rm, -2);
        expect(&listing, "mov QWORD PTR [%s+0x40],0xfffffffffffffffe", names64[base]);
    }
    check(&listing);
    listing_clear(&listing);
}

static void test_short_forms(void)
{
    static const char *const conditions[] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                             "s", "ns", "p", "np", "l", "ge", "le", "g"};
    static const char *const nops[] = {
        "nop",
        "xchg ax,ax",
        "nop DWORD PTR [rax]",
        "nop DWORD PTR [rax+0x0]",
        "nop DWORD PTR [rax+rax*1+0x0]",
        "nop WORD PTR [rax+rax*1+0x0]",
        "nop DWORD PTR [rax+0x0]",
    };
    Listing listing;

    listing_init(&listing);
    for (uint32_t i = 0; i < 256; i++) {
        qh_x_setcc(&listing.a, i >> 4, i & 15);
        expect(&listing, "set%s %s", conditions[i >> 4], names8[i & 15]);
    }
    for (uint32_t reg = 0; reg < 16; reg++) {
        qh_x_bswap(&listing.a, 0, reg);
        expect(&listing, "bswap %s", names32[reg]);
        qh_x_bswap(&listing.a, 1, reg);
        expect(&listing, "bswap %s", names64[reg]);
    }
    qh_x_align(&listing.a, 1);
    for (uint32_t n = 1; n < 8; n++) {
        while (((uintptr_t)listing.a.at & 7) != 8 - n) {
            qh_x_byte(&listing.a, 0xc3);
            expect(&listing, "ret");
        }
        qh_x_align(&listing.a, 8);
        expect(&listing, "%s", nops[n - 1]);
    }
    check(&listing);
    listing_clear(&listing);
}

static void test_jumps(void)
{
    static const char *const conditions[] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                             "s", "ns", "p", "np", "l", "ge", "le", "g"};
    Listing listing;
    QhXLabel back = {0}, forward = {0}, behind = {0};
    uint32_t near[17];

    listing_init(&listing);
    listing.a.delta = 0x1000;
    qh_x_bind(&listing.a, &back);
    for (uint32_t cc = 0; cc < 16; cc++) {
        qh_x_jcc(&listing.a, cc, &back);
        expect(&listing, "j%s 0x0", conditions[cc]);
        qh_x_jcc(&listing.a, cc, &forward);
        expect(&listing, "j%s 0xf0", conditions[cc]);
    }
    qh_x_jmp(&listing.a, &back);
    expect(&listing, "jmp 0x0");
    qh_x_jmp(&listing.a, &forward);
    expect(&listing, "jmp 0xf0");
    for (uint32_t cc = 0; cc < 16; cc++) {
        near[cc] = qh_x_jcc8(&listing.a, cc);
        expect(&listing, "j%s 0xec", conditions[cc]);
    }
    near[16] = qh_x_jmp8(&listing.a);
    expect(&listing, "jmp 0xec");
    for (uint32_t i = 0; i < 17; i++) {
        qh_x_here8(&listing.a, near[i]);
    }
    qh_x_u32(&listing.a, 0x90909090);
    for (uint32_t i = 0; i < 4; i++) {
        expect(&listing, "nop");
    }
    g_assert_cmpuint(qh_x_offset(&listing.a), ==, 0xf0);
    qh_x_bind(&listing.a, &forward);
    /* runs at base + delta */
    qh_x_jmp_to(&listing.a, listing.a.base + listing.a.delta + 0x40);
    expect(&listing, "jmp 0x40");
    qh_x_call_to(&listing.a, listing.a.base + listing.a.delta + 0x40);
    expect(&listing, "call 0x40");
    qh_x_jcc_to(&listing.a, QH_IF_L, listing.a.base + listing.a.delta + 0x40);
    expect(&listing, "jl 0x40");
    qh_x_lea_to(&listing.a, QH_R8, listing.a.base + listing.a.delta + 0x200);
    expect(&listing, "lea r8,[rip+0xf9]");
    qh_x_lea_label(&listing.a, QH_RCX, &behind);
    expect(&listing, "lea rcx,[rip+0x1]");
    qh_x_byte(&listing.a, 0x90);
    expect(&listing, "nop");
    qh_x_bind(&listing.a, &behind);
    qh_x_call(&listing.a, &back);
    expect(&listing, "call 0x0");
    check(&listing);
    for (uint32_t i = 0; i < 8; i++) {
        qh_x_align_end(&listing.a, 8, i);
        g_assert_cmpuint(((uintptr_t)listing.a.at + i) % 8, ==, 0);
    }
    listing_clear(&listing);
}

/* Code that does not fit is dropped, whatever is asked for behind it. */
static void test_full(void)
{
    uint8_t code[40];
    QhXLabel label = {0};
    QhAsm a = {.base = code, .at = code, .end = code + 32};

    memset(code, 0xcc, sizeof(code));
    for (uint32_t i = 0; i < 100; i++) {
        qh_x_jmp(&a, &label);
        qh_x(&a, QH_X_MOV | QH_X_W, QH_RAX, qh_rm_mem(QH_RBP, 0x12345678));
        g_assert_true(a.at >= a.base && a.at <= a.end);
    }
    g_assert_true(a.full);
    qh_x_bind(&a, &label);
    qh_x_here8(&a, 2);
    for (uint32_t i = 32; i < sizeof(code); i++) {
        g_assert_cmpuint(code[i], ==, 0xcc);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/t1/asm/forms", test_forms);
    g_test_add_func("/t1/asm/immediates", test_immediates);
    g_test_add_func("/t1/asm/constants", test_constants);
    g_test_add_func("/t1/asm/short", test_short_forms);
    g_test_add_func("/t1/asm/jumps", test_jumps);
    g_test_add_func("/t1/asm/full", test_full);
    return g_test_run();
}

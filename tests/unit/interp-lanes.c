/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Vector operations that move lanes or change their width, by the interpreter: values that were
 * worked out elsewhere. Compiled code is compared with the interpreter in t1-vector.c. */
#include "toy-machine.h"

#include "abi/ir-emit.h"

#include <string.h>

typedef struct Case {
    uint32_t op, flags, imm;
    uint64_t a[2], b[2], want[2];
} Case;

/* clang-format off */
static const Case cases[] = {
    {QH_IR_vlow, QH_LANE_8, 0, {0xf0f8840621f2e079, 0xf2f01081004d083f}, {0x3fe0f8f83fe0f8e0, 0x087f0001817f0810}, {0xf0f8840621f2e079, 0x0000000000000000}},
    {QH_IR_vext, QH_LANE_8, 0, {0xf020d0b3c5d710f0, 0x00c1e0f67f10f820}, {0x100001c1f83ff8ff, 0xf08110e0f8003f10}, {0xf020d0b3c5d710f0, 0x00c1e0f67f10f820}},
    {QH_IR_vext, QH_LANE_8, 1, {0x20ff10f88000018e, 0xf010c134c5c03fe0}, {0x10f83f0081f0fff0, 0x007f201010f80081}, {0xe020ff10f8800001, 0xf0f010c134c5c03f}},
    {QH_IR_vext, QH_LANE_8, 7, {0x8110f0000b8ee0aa, 0x20f0100d8010e081}, {0x100101e020f8207f, 0xc13f0880c1208181}, {0xf0100d8010e08181, 0x0101e020f8207f20}},
    {QH_IR_vext, QH_LANE_8, 8, {0x7ff0201180f0f87f, 0xff01c1c18a95c1b0}, {0xf0f8f010c1080080, 0x203fc108e00080e0}, {0xff01c1c18a95c1b0, 0xf0f8f010c1080080}},
    {QH_IR_vext, QH_LANE_8, 15, {0x00c1110180220893, 0x01f020010a085780}, {0x7f01c1f001808081, 0x0800c17f3fff3f80}, {0x01c1f00180808101, 0x00c17f3fff3f807f}},
    {QH_IR_vdup_lane, QH_LANE_8, 0, {0x0101012001890801, 0xf8e03fe020207f23}, {0xe0e000f07f01f881, 0x0881007f10013ff8}, {0x0101010101010101, 0x0101010101010101}},
    {QH_IR_vdup_lane, QH_LANE_8, 15, {0x8a6f08d6c1be0101, 0xa3808080e000c1c1}, {0x7f0800e0103f01f0, 0x011001f000f83f80}, {0xa3a3a3a3a3a3a3a3, 0xa3a3a3a3a3a3a3a3}},
    {QH_IR_vdup_lane, QH_LANE_16, 0, {0x80127f913a002081, 0xbcf07f817fa61f33}, {0x80f0f801f8f081f8, 0x3f10e0f87fe0c1f8}, {0x2081208120812081, 0x2081208120812081}},
    {QH_IR_vdup_lane, QH_LANE_16, 7, {0x4bf8ffe2fe80ffff, 0x0858f88900f8c108}, {0x08e0f87fc13f0881, 0x20c1c110088010e0}, {0x0858085808580858, 0x0858085808580858}},
    {QH_IR_vdup_lane, QH_LANE_32, 0, {0x81f008f808173f0e, 0xb601f0807f8101f0}, {0x818100008120e010, 0xe01020800108f8f8}, {0x08173f0e08173f0e, 0x08173f0e08173f0e}},
    {QH_IR_vdup_lane, QH_LANE_32, 3, {0xe080e0807f80403f, 0xe0ff96013aad8010}, {0x20817ff001010820, 0x7f20fff0f81020e0}, {0xe0ff9601e0ff9601, 0xe0ff9601e0ff9601}},
    {QH_IR_vdup_lane, QH_LANE_64, 0, {0xff3ff0e05c8081ea, 0x80f080e0ce200815}, {0x1080e07f01e03f10, 0x107fe0c1f8e020f8}, {0xff3ff0e05c8081ea, 0xff3ff0e05c8081ea}},
    {QH_IR_vdup_lane, QH_LANE_64, 1, {0x20c100e0f857633f, 0x63f88108000f999e}, {0x10010820f0c10080, 0x10013f087f7f20ff}, {0x63f88108000f999e, 0x63f88108000f999e}},
    {QH_IR_vunzip_even, QH_LANE_8, 0, {0x29ff20202777b800, 0x817f012008f8f87f}, {0xf8c1f001e00808f8, 0x3f080800ff082080}, {0x7f20f87fff207700, 0x08000880c10108f8}},
    {QH_IR_vunzip_even, QH_LANE_16, 0, {0xf808b9e5e0f05ccd, 0x8000ce57008149e0}, {0x00c1007f08087f10, 0x00e0e000f88108f8}, {0xce5749e0b9e55ccd, 0xe00008f8007f7f10}},
    {QH_IR_vunzip_even, QH_LANE_32, 0, {0xe020f83f08003f3f, 0x7fe0007f998c103f}, {0x0100101001f82000, 0x0800f07f00012000}, {0x998c103f08003f3f, 0x0001200001f82000}},
    {QH_IR_vunzip_even, QH_LANE_64, 0, {0x817f9c3fe020f8f8, 0x08c181c581abc780}, {0x7fc1ff8108e03f08, 0x08f8e0e0103fe0f0}, {0x817f9c3fe020f8f8, 0x7fc1ff8108e03f08}},
    {QH_IR_vunzip_odd, QH_LANE_8, 0, {0x20181c79207f00ff, 0xff087f80ad80f800}, {0x80ff800100107f20, 0x103ff0f8f0f0c180}, {0xff7fadf8201c2000, 0x10f0f0c18080007f}},
    {QH_IR_vunzip_odd, QH_LANE_16, 0, {0x80f08039015a60a3, 0x803f95803f37723f}, {0x810120e0ff0800f0, 0xe020f0013f088081}, {0x803f3f3780f0015a, 0xe0203f088101ff08}},
    {QH_IR_vunzip_odd, QH_LANE_32, 0, {0x20f0dc08010822c1, 0x10d0d161e0ed6ff8}, {0xf0ff7fe000017f00, 0x80e08000082000f0}, {0x10d0d16120f0dc08, 0x80e08000f0ff7fe0}},
    {QH_IR_vunzip_odd, QH_LANE_64, 0, {0xf8d2108010b0018d, 0x0f10e0ed10813f4e}, {0x3f80e0ffc13f8181, 0xf07ff0207f0000f0}, {0x0f10e0ed10813f4e, 0xf07ff0207f0000f0}},
    {QH_IR_vwiden_lo, QH_LANE_8, 0, {0x20f00811e0680081, 0x81c101f07ef0301a}, {0xc13fe07f80103f3f, 0x7ff081c13ff0f83f}, {0x00e0006800000081, 0x002000f000080011}},
    {QH_IR_vwiden_lo, QH_LANE_8 | QH_LANE_SIGNED, 0, {0x7f10e0ef1e080100, 0xff4f9082f0b4c147}, {0x08c180c108f800f0, 0xf010108100ff1010}, {0x001e000800010000, 0x007f0010ffe0ffef}},
    {QH_IR_vwiden_lo, QH_LANE_16, 0, {0x8110f9017f80f03b, 0xc101c8a220f8013f}, {0x01e080800801f8ff, 0x2001c120e001f0e0}, {0x00007f800000f03b, 0x000081100000f901}},
    {QH_IR_vwiden_lo, QH_LANE_16 | QH_LANE_SIGNED, 0, {0xff788194f089c110, 0x18fff88101ff3f81}, {0xf8f8013ff880f07f, 0xff7f017f01ff007f}, {0xfffff089ffffc110, 0xffffff78ffff8194}},
    {QH_IR_vwiden_lo, QH_LANE_32, 0, {0x80b57f48e0f8b43f, 0x663f4c9cd0e2e0a0}, {0xc1c1ff7fe0c1e0ff, 0x10007f80c1ff817f}, {0x00000000e0f8b43f, 0x0000000080b57f48}},
    {QH_IR_vwiden_lo, QH_LANE_32 | QH_LANE_SIGNED, 0, {0x20ed7fbf3f8180c1, 0x811020b720e9204a}, {0x20e081e080f01001, 0x81087f08fff8ff80}, {0x000000003f8180c1, 0x0000000020ed7fbf}},
    {QH_IR_vwiden_hi, QH_LANE_8, 0, {0xe0f83f01c17fe25a, 0x35e03fe0003f8001}, {0x1001810080817f08, 0x80fff88180017f00}, {0x0000003f00800001, 0x003500e0003f00e0}},
    {QH_IR_vwiden_hi, QH_LANE_8 | QH_LANE_SIGNED, 0, {0xff083dad6de0a000, 0xf08100e0c1588010}, {0x2010f820f080f87f, 0xe0e02001fff8ff20}, {0xffc10058ff800010, 0xfff0ff810000ffe0}},
    {QH_IR_vwiden_hi, QH_LANE_16, 0, {0x3f20c180a600207f, 0xf8b01076817a0d01}, {0x81f0107f1081ff10, 0xc110c13f8181f010}, {0x0000817a00000d01, 0x0000f8b000001076}},
    {QH_IR_vwiden_hi, QH_LANE_16 | QH_LANE_SIGNED, 0, {0x81f88080f8f8c168, 0xf0f0813f3f010820}, {0xff808001e081e000, 0x80e008807f107f08}, {0x00003f0100000820, 0xfffff0f0ffff813f}},
    {QH_IR_vwiden_hi, QH_LANE_32, 0, {0xea7fe010d9c981e0, 0xc181cfe03fd6f009}, {0x810181107fe0c181, 0x7ff02008ffc17ff0}, {0x000000003fd6f009, 0x00000000c181cfe0}},
    {QH_IR_vwiden_hi, QH_LANE_32 | QH_LANE_SIGNED, 0, {0x00c1939b2ff801e0, 0x20a580f808e0c1d8}, {0xf88008f8f07f08e0, 0x081000e0018110f0}, {0x0000000008e0c1d8, 0x0000000020a580f8}},
    {QH_IR_vmul_even, QH_LANE_8, 0, {0x08f07f3f3f338081, 0xf008f0e0ffe08080}, {0xe0c1010181e0813f, 0x8101810880013f7f}, {0xb4f0003f2ca01fbf, 0x0008070000e03f80}},
    {QH_IR_vmul_even, QH_LANE_8 | QH_LANE_SIGNED, 0, {0x8b10c1c1e0891581, 0xf801e043f8c101ff}, {0xe0f80801e0807f01, 0x10c12081f0017fff}, {0xff80ffc13b80ff81, 0xffc1dec3ffc10001}},
    {QH_IR_vmul_even, QH_LANE_16, 0, {0x00f0c82a00ff7ff0, 0x053f01e0ac018110}, {0x0808802081e02008, 0xf87f808081003f80}, {0x642e05401001ff80, 0x00f0f00020037800}},
    {QH_IR_vmul_even, QH_LANE_16 | QH_LANE_SIGNED, 0, {0x64080000103a2080, 0x104b10e78110f887}, {0x0101fff081807ff0, 0xf83fe0803f080108}, {0x00000000103df800, 0xfdeb9380fff84b38}},
    {QH_IR_vmul_even, QH_LANE_32, 0, {0x10f110e000010b00, 0x1081c88108803f10}, {0x2081010800f0c1f0, 0x3ff081e020f80108}, {0x000000fb1a455000, 0x01184427dbc10880}},
    {QH_IR_vmul_even, QH_LANE_32 | QH_LANE_SIGNED, 0, {0x8680f8849c2020c1, 0x5b808108180820d7}, {0xf8811010f8f8ff08, 0xf83fc1e08100c1f8}, {0x02bdda9a94994508, 0xf41409eabfa1e748}},
    {QH_IR_vrev, QH_LANE_8, 0, {0x3fcd35c1f8ff8b3f, 0x80caff63000166dd}, {0xf87fc1f0ff801001, 0xf820c1e0807f7ff8}, {0x3fcd35c1f8ff8b3f, 0x80caff63000166dd}},
    {QH_IR_vrev, QH_LANE_8, 1, {0x7f10f82009f0e220, 0x08006af82008083f}, {0xff3f0110c1ff3f7f, 0x208080817fff8081}, {0x107f20f8f00920e2, 0x0008f86a08203f08}},
    {QH_IR_vrev, QH_LANE_8, 2, {0x7f106693f01cf03b, 0x08b020003ff0e0c1}, {0x01f010813f010081, 0x3f080800fff081f8}, {0x9366107f3bf01cf0, 0x0020b008c1e0f03f}},
    {QH_IR_vrev, QH_LANE_8, 3, {0xe0c0653fbd810081, 0x8177817f00fda805}, {0xf0810181ff3fe07f, 0x00100081c180c100}, {0x810081bd3f65c0e0, 0x05a8fd007f817781}},
    {QH_IR_vrev, QH_LANE_16, 1, {0x807f80c100e03681, 0x20e3203f0101007f}, {0x0020f0e080c100e0, 0x81c1e07ff8103f80}, {0x807f80c100e03681, 0x20e3203f0101007f}},
    {QH_IR_vrev, QH_LANE_16, 2, {0x08aa54081045d2e3, 0xf83f9b3f7f10e010}, {0x0881e01000812001, 0x10c120f008202000}, {0x540808aad2e31045, 0x9b3ff83fe0107f10}},
    {QH_IR_vrev, QH_LANE_16, 3, {0xfff83f257ff8fd80, 0x9aa600f81079f800}, {0x7fff3f81203f0010, 0xf0c1ff0810100820}, {0xfd807ff83f25fff8, 0xf800107900f89aa6}},
    {QH_IR_vrev, QH_LANE_32, 2, {0x201381e0e0677f20, 0xe0924820007aba81}, {0x087ff81081c13fc1, 0xc1f80800f8e020f8}, {0x201381e0e0677f20, 0xe0924820007aba81}},
    {QH_IR_vrev, QH_LANE_32, 3, {0x083fc1818010f00b, 0x3fb67700e081f0c1}, {0x81807f10ff81e081, 0x80ff087f208000e0}, {0x8010f00b083fc181, 0xe081f0c13fb67700}},
    {QH_IR_vrev, QH_LANE_64, 3, {0xf83f7fc3f081f246, 0xf8a410b0ffc110e0}, {0x80c120f8c1e0e080, 0x10c18180f080e020}, {0xf83f7fc3f081f246, 0xf8a410b0ffc110e0}},
    {QH_IR_vshift, QH_LANE_8, 0, {0xf0ff100109388086, 0xc10106e07f81f058}, {0x81ffc1f881f81001, 0x01800801c1f81020}, {0x007f00000000000c, 0x820000c000000000}},
    {QH_IR_vshift, QH_LANE_8 | QH_LANE_SIGNED, 0, {0xff7fc17ef008f081, 0x2000ca8156e08064}, {0x0001803ff83ff880, 0xc120ffe0f001e001}, {0xfffeff00ff00ffff, 0x0000e5ff00c0ffc8}},
    {QH_IR_vshift, QH_LANE_16, 0, {0x01f008ff25e08181, 0x4481080d5181e076}, {0xff00f83ff080e081, 0xf8018008f0800801}, {0x01f0000000000000, 0x89020d000000c0ec}},
    {QH_IR_vshift, QH_LANE_16 | QH_LANE_SIGNED, 0, {0x7f81788000408008, 0x00b78010aaa50800}, {0x0001ff7f01008181, 0x00200810e020ffc1}, {0xff0200000040ffff, 0x0000000000000000}},
    {QH_IR_vshift, QH_LANE_32, 0, {0xf0ff9920f8fff03f, 0xffc908087f3f6d2a}, {0x800010202020e07f, 0x10f8e0e08108f07f}, {0x0000000000000000, 0x0000000000000000}},
    {QH_IR_vshift, QH_LANE_32 | QH_LANE_SIGNED, 0, {0x10f03f8028103fcb, 0x10006cc23781e808}, {0x080000e080107f01, 0xf8c1f83f10f8f0f8}, {0x0000000050207f96, 0x00000000003781e8}},
    {QH_IR_vshift, QH_LANE_64, 0, {0x10e0808108d23fff, 0x7f207ff03f008e01}, {0xff00c1f800f82008, 0xf87f80f8207ff008}, {0xe0808108d23fff00, 0x207ff03f008e0100}},
    {QH_IR_vshift, QH_LANE_64 | QH_LANE_SIGNED, 0, {0x807fc1a02000807f, 0xe0205b80e0818108}, {0x10fff0087fc10180, 0x8001f801f0fff008}, {0xffffffffffffffff, 0x205b80e081810800}},
    {QH_IR_vpopcnt, QH_LANE_8, 0, {0x810820ff81f8f07f, 0x20e12020be01f000}, {0x0810ff20e080e0e0, 0x81e080e0ff081080}, {0x0201010802050407, 0x0104010106010400}},
    {QH_IR_vpopcnt, QH_LANE_16, 0, {0x10001f20ff813b36, 0xc1c110ba20ff5bf0}, {0x013f10ff0110c180, 0xc1ff080800f07fc1}, {0x00010006000a0009, 0x0006000600090009}},
    {QH_IR_vpopcnt, QH_LANE_32, 0, {0x08524a7f807f1010, 0x7f0081103f080120}, {0x00f80110803f7f7f, 0x0180083ff0e0f808}, {0x0000000e0000000a, 0x0000000a00000009}},
    {QH_IR_vpopcnt, QH_LANE_64, 0, {0x0bf1e47b6c0084a7, 0x00bf20dff0e02020}, {0xff01f03f7ffff010, 0xfff0010808ffc108}, {0x000000000000001d, 0x0000000000000018}},
    {QH_IR_vmulh, QH_LANE_8, 0, {0x01147fff7f017fff, 0x7fc420ff000101e7}, {0x8066007f01007268, 0x000100ffd9010180}, {0x0007007e00003867, 0x000000fe00000073}},
    {QH_IR_vmulh, QH_LANE_8 | QH_LANE_SIGNED, 0, {0x2f628080ffffff01, 0xff0100894cff0001}, {0x80ff8080ff7fbb16, 0x00009d007f010000}, {0xe8ff404000ff0000, 0x0000000025ff0000}},
    {QH_IR_vmulh, QH_LANE_16, 0, {0xffff0080ffb180ff, 0x0000ff0101000101}, {0x972c01ff017f7f01, 0x007fff56ff488000}, {0x972b0000017e3fff, 0x0000fe5700ff0080}},
    {QH_IR_vmulh, QH_LANE_16 | QH_LANE_SIGNED, 0, {0xff008001000101ff, 0x0021ffffff22ffff}, {0x807f1b8080330072, 0x00008018ffff017f}, {0x007ff240ffff0000, 0x000000000000ffff}},
    {QH_IR_vmulh, QH_LANE_32, 0, {0x807f7f00ffff0000, 0x000001807f0180ff}, {0x007f017f80357f00, 0x011e70ff8000007f}, {0x003fc0008034feca, 0x000000013f80c0be}},
    {QH_IR_vmulh, QH_LANE_32 | QH_LANE_SIGNED, 0, {0x80ff017f00007f00, 0x800180ff807f0180}, {0x7f46ba6c01ff017f, 0x80ff7480090001ff}, {0xc0db6afc000000fd, 0x3f7f86c0fb84760e}},
    {QH_IR_vmulh, QH_LANE_64, 0, {0xceff01010000007f, 0x00ffff80017fff80}, {0x0180ff7f00ff7f9c, 0x7f80ffff7fffb101}, {0x01374d1834d015b0, 0x007f80c03fbf4131}},
    {QH_IR_vmulh, QH_LANE_64 | QH_LANE_SIGNED, 0, {0x0080190067ff806b, 0xffff017f01ff8080}, {0x807f7f660001ab06, 0x80ff66017f800100}, {0xffc0334bf2a50222, 0x00007e42971a5aca}},
    /* words 20 to 39 of the schedule of "abc" */
    {QH_IR_vsha256_msg, 0, 0, {0x0183fc003e9d7b78, 0xe2e2c38e12dcbfdb}, {0xb73679a2c8215c1a, 0x32663c5be5bc3909}, {0x9d0ce6333dd0f390, 0x5e759ec1c456e529}},
    {QH_IR_vsha256_msg, 1, 0, {0x0d2e1ed72a581a5b, 0xf26b3840980e7c64}, {0x3b68ba7393f5997f, 0xf10a5c62aff4ffc1}, {0x72af830a0a8b3996, 0x246415229409e33e}},
    /* FIPS 197, appendix B, round 1 */
    {QH_IR_vaes, QH_AES_SUB, 0, {0x2be2f4a0bee33d19, 0x0848f8e92a8dc69a}, {0, 0}, {0xae52b4e0305dbfd4, 0xe598271ef11141b8}},
    {QH_IR_vaes, QH_AES_INV_SUB, 0, {0xae52b4e0305dbfd4, 0xe598271ef11141b8}, {0, 0}, {0x2be2f4a0bee33d19, 0x0848f8e92a8dc69a}},
    {QH_IR_vaes, QH_AES_MIX, 0, {0xae52b4e0305dbfd4, 0xe598271ef11141b8}, {0, 0}, {0x9a19cbe0e5816604, 0x4c2606287ad3f848}},
    {QH_IR_vaes, QH_AES_INV_MIX, 0, {0x9a19cbe0e5816604, 0x4c2606287ad3f848}, {0, 0}, {0xae52b4e0305dbfd4, 0xe598271ef11141b8}},
    {QH_IR_vaes, QH_AES_SUB_MIX, 0, {0x2be2f4a0bee33d19, 0x0848f8e92a8dc69a}, {0, 0}, {0x9a19cbe0e5816604, 0x4c2606287ad3f848}},
    /* the third operand is b, too */
    {QH_IR_vsha256, 0, 0, {0xbb67ae856a09e667, 0xa54ff53a3c6ef372}, {0x9b05688c510e527f, 0x5be0cd191f83d9ab}, {0x3b847eead16b372d, 0x0a8cab3498ff2430}},
    {QH_IR_vsha256, 1, 0, {0xbb67ae856a09e667, 0xa54ff53a3c6ef372}, {0x9b05688c510e527f, 0x5be0cd191f83d9ab}, {0xf132baa5b89d83ed, 0xa74c058941b0bafb}},
    {QH_IR_vdot, 0, 0, {0xff017f017f80b782, 0x00010101018000ff}, {0x80008001017f0101, 0x01807f00ff7f0001}, {0x80013f02017f4239, 0x01807fffff7f417f}},
    {QH_IR_vdot, 1, 0, {0x80ff7fff80000080, 0xff80ffff8000ff17}, {0x7f7f7f01ff01807f, 0x7f79000052804c00}, {0x7f7f7e02ff00c17f, 0x7f78c301528022b4}},
    {QH_IR_vdot, 2, 0, {0x00434201801c01e9, 0x8080ffff01800180}, {0x7f007f5bff00807f, 0xff7f8780ff7fb600}, {0x7f00a074ff00f316, 0xff7ece79ff7ff535}},
    {QH_IR_vdot, 3, 0, {0x8080808080808080, 0x8080808080808080}, {0x8080808080808080, 0x8080808080808080}, {0x8081808080818080, 0x8081808080818080}},
};
/* clang-format on */

static void emit(QhBlock *block, void *data)
{
    const Case *c = data;
    const QhIrOpInfo *info = qh_ir_op_info(c->op);
    QhValue a = qh_ir_get(block, QH_TYPE_V128, TOY_V);
    QhValue b = qh_ir_get(block, QH_TYPE_V128, TOY_V + 1);
    QhValue second = info->b[0] == 'V' ? b : info->b[0] == 'X' ? c->imm : 0;
    QhValue third = info->c[0] == 'X' ? c->imm : info->c[0] == 'V' ? b : 0;

    qh_ir_set(block, QH_TYPE_V128, TOY_V + 2,
              qh_ir(block, c->op, QH_TYPE_V128, c->flags, a, second, third));
}

static void test_case(gconstpointer data)
{
    static const uint32_t words[] = {TOY_INSN(TOY_HOOK, 0, 0, 0), TOY_INSN(TOY_HALT, 0, 0, 0)};
    const Case *c = data;
    ToyMachine *toy = toy_machine_new(1, 12);
    Toy *cpu = toy->cpu[0];

    memcpy(&cpu->v[0], c->a, 16);
    memcpy(&cpu->v[1], c->b, 16);
    toy->emit = emit;
    toy->data = (void *)c;
    toy_poke(toy, TOY_RAM, words, G_N_ELEMENTS(words));
    toy_run(toy, TOY_RAM);
    g_assert_cmpuint(qh_jit_of(&cpu->cpu)->broken, ==, 0);
    g_assert_cmphex((uint64_t)cpu->v[2], ==, c->want[0]);
    g_assert_cmphex((uint64_t)(cpu->v[2] >> 64), ==, c->want[1]);
    toy_machine_free(toy);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    toy_choose_engine(argc, argv);
    for (uint32_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path =
            g_strdup_printf("/interp/lanes/%s/%u", qh_ir_op_info(cases[i].op)->name, i);
        g_test_add_data_func(path, &cases[i], test_case);
    }
    return g_test_run();
}

// The example's orders: invented, and the same on every start, so that a summary of them can be checked.
const rows = `
SF-20418|Mill 3|Bearing housing BH-220|24|2026-11-23|In work|312
SF-20421|Lathe 1|Drive shaft DS-48|60|2026-11-23|In work|540
SF-20423|Mill 1|Clamp plate CP-09|120|2026-11-24|Planned|288
SF-20424|Grinder 2|Guide rail GR-600|16|2026-11-19|Late|416
SF-20427|Lathe 2|Flange FL-110|45|2026-11-25|Planned|279
SF-20430|Mill 3|Gear case GC-31|8|2026-11-20|Late|364
SF-20431|Laser 1|Side panel SP-1200|200|2026-11-24|In work|150
SF-20433|Press 4|Bracket BK-15|500|2026-11-26|Planned|210
SF-20436|Lathe 1|Spindle sleeve SS-70|32|2026-11-27|Planned|352
SF-20437|Mill 2|Valve block VB-12|20|2026-11-18|Late|430
SF-20440|Laser 1|Cover sheet CS-400|150|2026-11-27|Planned|95
SF-20442|Grinder 2|Cutter blade CB-35|80|2026-11-28|Planned|260
SF-20445|Mill 1|Base frame BF-02|6|2026-11-21|Late|498
SF-20446|Lathe 2|Threaded rod TR-16|240|2026-11-30|Planned|384
SF-20449|Press 4|Washer plate WP-8|900|2026-11-30|Planned|135
SF-20451|Mill 2|Manifold MF-7|12|2026-12-01|Planned|402
SF-20452|Laser 1|Vent grille VG-260|90|2026-12-01|Planned|126
SF-20455|Grinder 1|Camshaft CM-22|14|2026-11-20|Late|377
SF-20458|Mill 3|Pump body PB-90|10|2026-12-02|Planned|455
SF-20459|Lathe 1|Piston pin PP-28|160|2026-12-03|Planned|304
SF-20461|Grinder 1|Ring gauge RG-50|40|2026-12-03|Planned|220
SF-20464|Press 4|Hinge leaf HL-3|650|2026-12-04|Planned|182
`;

const fields = ['order', 'machine', 'part', 'quantity', 'due', 'status', 'minutes'];

export const orders = rows
  .trim()
  .split('\n')
  .map((row) => Object.fromEntries(row.split('|').map((value, index) => [fields[index], value])));

export const rowsPerPage = 12;

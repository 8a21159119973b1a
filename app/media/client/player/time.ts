/** A named second of a video. */
export interface Moment {
  at: number;
  title: string;
}

/** "9.42" in Indonesian, "9:42" in English. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const mark = document.documentElement.lang === 'en' ? ':' : '.';
  const minutes = Math.floor(whole / 60) % 60;
  const two = (part: number): string => String(part).padStart(2, '0');
  return whole >= 3600 ? [Math.floor(whole / 3600), two(minutes), two(whole % 60)].join(mark) : [minutes, two(whole % 60)].join(mark);
}

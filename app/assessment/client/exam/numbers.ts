/** Whether a typed answer can be read as a number: the rule of the server's `question_types/numerical.py`, so that it is told without a connection. */

const LONGEST = 40;
const MOST_DIGITS = 30;
const UNWANTED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\p{Cs}\ufeff]/gu;
const RUPIAH = /^rp\.?\s*/i;
const SPACED = /^[0-9]{1,3}( [0-9]{3})+([.,][0-9]+)?$/;
const DECIMAL = /^([0-9]+(\.[0-9]+)?|\.[0-9]+)$/;
const GROUPED = { '.': /^[1-9][0-9]{0,2}(\.[0-9]{3})+$/, ',': /^[1-9][0-9]{0,2}(,[0-9]{3})+$/ };

export function isNumber(typed: string): boolean {
  const text = plain(typed).replace(RUPIAH, '');
  const digits = (/^[+-]/.test(text) ? text.slice(1).trim() : text).replace(RUPIAH, '').replace(/,-{1,2}$/, '');
  if (digits.replace(/[^0-9]/g, '').length > MOST_DIGITS) return false;
  return SPACED.test(digits) || (digits.length <= LONGEST && isWritten(digits));
}

/** As the server cleans a text: without control characters, one kind of space, digit and minus. */
function plain(typed: string): string {
  return typed.replace(UNWANTED, '').replaceAll('\t', ' ').trim().normalize('NFKC').replaceAll(/[−–]/g, '-');
}

function isWritten(digits: string): boolean {
  if (digits.includes('.') && digits.includes(',')) {
    const point = digits.lastIndexOf('.') > digits.lastIndexOf(',') ? '.' : ',';
    const place = digits.lastIndexOf(point);
    return GROUPED[point === '.' ? ',' : '.'].test(digits.slice(0, place)) && /^[0-9]+$/.test(digits.slice(place + 1));
  }
  return GROUPED[digits.includes(',') ? ',' : '.'].test(digits) || DECIMAL.test(digits.replaceAll(',', '.'));
}

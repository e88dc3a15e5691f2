import { useEffect } from 'react';

/**
 * Takes the place of the package react-style-singleton, through which GraphiQL's menus and dialogs lock scrolling. The
 * package adds <style> elements, which the page's Content-Security-Policy refuses; constructed sheets are allowed.
 */
export function styleSingleton() {
  const sheet = new CSSStyleSheet();
  let users = 0;
  return function Sheet({ styles, dynamic }) {
    useEffect(() => {
      if (users++ === 0) {
        sheet.replaceSync(styles);
        document.adoptedStyleSheets.push(sheet);
      }
      return () => {
        if (--users === 0) {
          document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
        }
      };
    }, [dynamic && styles]);
    return null;
  };
}

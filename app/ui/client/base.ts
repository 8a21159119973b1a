/** What every page does. Each behavior attaches to data- attributes and leaves pages without them alone. */
import { watchConnection } from './behaviors/connection';
import { prepareCopying } from './behaviors/copying';
import { prepareDialogs } from './behaviors/dialogs';
import { guardForms } from './behaviors/forms';
import { prepareMenus } from './behaviors/menus';
import { prepareTabs } from './behaviors/tabs';
import { prepareTheme } from './behaviors/theme';
import { prepareToasts } from './behaviors/toasts';

prepareTheme();
prepareMenus();
prepareTabs();
prepareDialogs();
prepareCopying();
guardForms();
prepareToasts();
watchConnection();

"""The words dealers' systems use for their columns.

Per field two lists: Chinese words parted by blanks, English phrases parted by commas. Words in SERVICE and SALE
also tell the kind of business; words in FALLBACK count only where the sheet has no better column for the field.
"""

import re
import unicodedata
from dataclasses import dataclass

COMMON = {
    "order_no": ("单号 订单号 订单编号 订单号码", "order no, order number, order id, order"),
    "plate": (
        "车牌号 车牌 车牌号码 牌照 牌照号 牌照号码 车号 车辆号牌 号牌号码",
        "plate no, plate number, plate, license plate, licence plate, license no, licence no, license plate no, "
        "reg no, registration no, registration, registration number, vehicle reg no, car plate",
    ),
    "vin": (
        "VIN码 VIN号 VIN号码 VIN码号 车架号 车架号码 底盘号 底盘号码 车辆识别码 车辆识别代号 车辆识别代码 车辆识别号",
        "vin, vin no, vin number, vin code, chassis no, chassis number, chassis, frame no, "
        "vehicle identification number",
    ),
    "name": (
        "客户姓名 客户名称 姓名 客户 顾客 顾客姓名 用户姓名 用户名称 购车人 购车客户 购车人姓名 买方 买方名称",
        "customer name, customer, client, client name, name, buyer, buyer name, customer full name",
    ),
    "phone": (
        "手机号 手机 手机号码 联系电话 电话 电话号码 联系手机 联系方式 客户电话 客户手机 客户手机号 "
        "客户手机号码 顾客电话 顾客手机 移动电话 用户手机 用户电话 客户联系电话 购车人电话 购车人手机",
        "mobile, mobile no, mobile number, mobile phone, phone, phone no, phone number, cell, cell phone, tel, "
        "telephone, telephone no, contact no, contact number, contact phone, customer phone, customer mobile, "
        "customer tel, customer phone number, customer mobile number",
    ),
    "contact_name": (
        "送修人 送修人姓名 送修客户 联系人 联系人姓名",
        "contact, contact name, contact person, brought in by",
    ),
    "contact_phone": (
        "送修人电话 送修人手机 送修人手机号 送修电话 送修人联系电话 联系人电话 联系人手机 联系人手机号",
        "contact person phone, contact mobile, contact person mobile",
    ),
    "gender": ("性别 客户性别 称谓", "gender, sex, salutation"),
    "dob": ("出生日期 生日 出生年月 出生年月日 客户生日", "date of birth, dob, birth date, birthday"),
    "brand": ("品牌 车辆品牌 汽车品牌 厂牌", "brand, make, vehicle brand, vehicle make, car brand"),
    "model": (
        "车型 车型名称 车辆型号 型号 车款 车型描述",
        "model, car model, vehicle model, model name, vehicle",
    ),
    "order_type": ("业务类型 业务类别 订单类型 单据类型", "order type, business type"),
    "mileage": (
        "行驶里程 里程 里程数 公里数 行驶公里 行驶公里数 行驶里程数 当前里程",
        "mileage, odometer, km, kilometers, kilometres, mileage km, odometer reading, mileage in",
    ),
    "advisor": (
        "顾问 顾问姓名 接待人 接待人员 接待员",
        "advisor, adviser, consultant, advisor name, adviser name",
    ),
    "technician": (
        "技师 技师姓名 主修人 主修技师 责任技师",
        "technician, tech, mechanic, technician name, lead technician",
    ),
    "open_time": (
        "开单时间 开单日期 开始时间 创建时间 创建日期 建单时间 下单日期 下单时间 订单日期 订单时间",
        "open time, open date, opened, opened at, opened on, created, created at, created on, creation date, "
        "start time, order date, order time, ordered at, ordered on",
    ),
    "close_time": (
        "完成时间 完成日期 关闭时间 关单时间 关单日期 结束时间",
        "close time, close date, closed, closed at, closed on, closed date, closed time, completed, completed at, "
        "completed on, completion date, completion time, finish time, end time",
    ),
    "amount": (
        "金额 总金额 合计金额 金额合计",
        "amount, total amount, net amount, amount cny, amount rmb, price",
    ),
    "region": (
        "地区 所在地区 客户地区 区域 所在区域 客户区域",
        "region, area, customer area, customer region, district",
    ),
    "remark": (
        "客户描述 故障描述 客户反映 客户主诉 客户诉求 问题描述 客户要求 客户陈述",
        "customer remark, customer remarks, customer comment, customer comments, customer complaint, "
        "customer request, customer words, customer description, customer concern, concern, description",
    ),
}

SERVICE = {
    "order_no": (
        "工单号 工单编号 工单号码 维修工单号 维修工单 维修单号 维修单 "
        "施工单号 委托书号 委托书编号 委托单号 派工单号 维修委托书号",
        "ro no, ro, ro number, ro id, repair order, repair order no, repair order number, work order, "
        "work order no, work order number, job no, job number, job card, job card no, wo no, service order no, "
        "service order number",
    ),
    "service_type": (
        "服务类型 维修类型 维修类别 工单类型 服务类别 修理类型 维修性质 维修种类",
        "service type, repair type, type of service, work type, job type, ro type, service category",
    ),
    "mileage": ("进厂里程 进店里程 入厂里程", ""),
    "advisor": (
        "服务顾问 服务顾问姓名 维修顾问 售后顾问 维修接待 前台接待 SA姓名",
        "sa, service advisor, service adviser, service advisor name, service consultant",
    ),
    "technician": (
        "维修技师 维修技师姓名 维修工 维修人员 修理工",
        "service technician, repair technician",
    ),
    "open_time": (
        "进厂时间 进厂日期 进店时间 进店日期 接车时间 接车日期 送修时间 送修日期 入厂时间 入厂日期",
        "ro date, ro open date, ro open time, check in, check in time, check in date, received time, date in, "
        "time in, ro opened",
    ),
    "close_time": (
        "结算时间 结算日期 结账时间 结账日期 结清时间 结清日期",
        "settle time, settle date, settlement time, settlement date, settled, settled at, settled on, "
        "settled time, date settled, ro close date, ro close time, ro closed",
    ),
    "amount": (
        "结算金额 维修金额 维修费用 结算总额 维修总额",
        "settlement amount, repair amount, service amount, ro amount, ro total",
    ),
    "remark": ("维修描述 报修内容 报修描述", ""),
}

SALE = {
    "order_no": (
        "销售单号 销售单编号 销售订单号 销售订单编号 销售单 交车单号 交车单编号 "
        "交车单 购车单号 购车合同号 销售合同号 合同号 合同编号",
        "so no, so number, so, sales order, sales order no, sales order number, sale no, sales no, sale order no, "
        "deal no, deal number, contract no, contract number, delivery no, delivery number, delivery note no, "
        "delivery order no",
    ),
    "advisor": (
        "销售顾问 销售顾问姓名 销售员 销售人员 销售代表",
        "sales consultant, sales consultant name, salesperson, sales person, salesman, sales advisor, "
        "sales adviser, sales rep, sales representative, sales executive",
    ),
    "open_time": (
        "订车日期 订车时间 签约日期 签约时间 签单日期 合同日期 签订日期",
        "contract date, signing date, sale date, sales date",
    ),
    "close_time": (
        "交车日期 交车时间 交付日期 交付时间 提车日期 提车时间 实际交车日期 实际交车时间",
        "delivery date, delivery time, delivered, delivered at, delivered on, date delivered, handover date, "
        "handover time, hand over date",
    ),
    "amount": (
        "成交价 成交价格 成交金额 成交总价 车价 裸车价 售价 销售价 销售价格 销售金额 销售总价",
        "sale price, sales price, selling price, deal price, transaction price, contract price, purchase price, "
        "sales amount, sale amount, deal amount, vehicle price",
    ),
    "order_type": ("销售类型 购车方式 销售方式", "sale type, sales type"),
}

FALLBACK = {
    "order_no": (
        "单据号 单据编号 单据号码 业务单号 编号 结算单号 维修合同号",
        "invoice no, invoice number, bill no, document no, doc no",
    ),
    "name": ("车主 车主姓名 车主名称 使用人 使用人姓名", "owner, owner name, vehicle owner, driver, driver name"),
    "phone": (
        "车主电话 车主手机 车主手机号 车主手机号码 车主联系电话 使用人电话 使用人手机",
        "owner phone, owner mobile, owner tel, driver phone, driver mobile",
    ),
    "model": ("车系 车系名称 车种 品牌车型", "series, car series, vehicle series"),
    "region": ("省份 城市 省市 所在城市 地址 联系地址 客户地址", "city, province, address"),
    "remark": ("备注 说明 备注信息", "remark, remarks, comment, comments, note, notes, memo"),
    "amount": (
        "实收金额 实付金额 应收金额 应付金额 开票金额 开票价 总价 费用 总费用 费用合计",
        "amount paid, paid amount, receivable, amount due, invoice amount, total, grand total",
    ),
    "advisor": ("业务员 业务人员 接车员 经办人 开单人", "handled by"),
    "technician": ("班组 维修班组 班组技师", "team"),
    "open_time": ("派工时间 预约时间 单据日期 制单时间 制单日期 开工时间", "booking date"),
    "close_time": (
        "日期 时间 完工时间 完工日期 竣工时间 竣工日期 出厂时间 出厂日期 离店时间 离厂时间 开票日期 开票时间",
        "date, time, date out, time out, check out, check out time, invoice date",
    ),
    "order_type": ("类型 类别", "type, category"),
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a heading means: a field, the kind it speaks for ("" for none), and whether it is second choice."""

    field: str
    kind: str = ""
    fallback: bool = False


BRACKETS = re.compile(r"[(\[{<【《〔].*?[)\]}>】》〕]")
PARTS = re.compile(r"[/、|\n]")
NOISE = re.compile(r"[^0-9a-z\u3400-\u9fff]+")
LONGEST_HEADING = 60


def key_of(text: str) -> str:
    """The heading without case, width, blanks, line breaks, stars, dots and other marks."""
    return NOISE.sub("", unicodedata.normalize("NFKC", text).lower())


def _dictionary() -> dict[str, Meaning]:
    meanings: dict[str, Meaning] = {}
    tables = ((FALLBACK, "", True), (COMMON, "", False), (SERVICE, "service", False), (SALE, "sale", False))
    for table, kind, fallback in tables:
        for field, (chinese, english) in table.items():
            for word in chinese.split() + english.split(","):
                if key := key_of(word):
                    meanings[key] = Meaning(field, kind, fallback)
    return meanings


MEANINGS = _dictionary()


def meaning_of(text: str) -> Meaning | None:
    """What a heading means, or None. Tried whole, without what stands in brackets, and part by part."""
    if not text or len(text) > LONGEST_HEADING:
        return None
    if found := MEANINGS.get(key_of(text)):
        return found
    bare = BRACKETS.sub("", unicodedata.normalize("NFKC", text))
    if found := MEANINGS.get(key_of(bare)):
        return found
    parts = [MEANINGS.get(key_of(part)) for part in PARTS.split(bare) if key_of(part)]
    if len(parts) > 1 and parts[0] and all(part and part.field == parts[0].field for part in parts):
        return parts[0]
    return None
